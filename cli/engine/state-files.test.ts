import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { dropStackFiles } from './state-files.ts';

const backend = mkdtempSync(join(tmpdir(), 'podferry-state-'));
afterEach(() => rmSync(backend, { recursive: true, force: true }));

it('drops one stack and leaves those whose names begin alike', () => {
  const stacks = join(backend, '.pulumi', 'stacks', 'podferry');
  mkdirSync(stacks, { recursive: true });
  for (const name of ['lab.json', 'lab.json.bak', 'lab.json.attrs', 'lab2.json', 'lab-x.json'])
    writeFileSync(join(stacks, name), '{}');
  const history = join(backend, '.pulumi', 'history', 'podferry', 'lab');
  mkdirSync(history, { recursive: true });

  dropStackFiles('lab', backend);
  expect(readdirSync(stacks).sort()).toEqual(['lab-x.json', 'lab2.json']);
  expect(existsSync(history)).toBe(false);
  dropStackFiles('lab', backend);
});
