import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { failpoint } from './failpoints.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-failpoints-'));
});
afterEach(() => rm(dir, { recursive: true }));

describe('a failpoint', () => {
  it('does nothing without a folder, or without its file', async () => {
    await failpoint('before-freeze', 'aaaaaaaa', undefined);
    await writeFile(path.join(dir, 'during-dump'), '');
    await failpoint('before-freeze', 'aaaaaaaa', dir);
    expect(existsSync(path.join(dir, 'before-freeze.reached'))).toBe(false);
  });

  it('says that it was reached, and waits until its file is gone', async () => {
    const file = path.join(dir, 'before-commit');
    await writeFile(file, '');
    let passed = false;
    const passing = failpoint('before-commit', 'aaaaaaaa', dir).then(() => {
      passed = true;
    });
    await vi.waitFor(async () => expect(await readFile(`${file}.reached`, 'utf8')).toBe('aaaaaaaa\n'));
    expect(passed).toBe(false);
    await rm(file);
    await passing;
  });

  it('fails when told to', async () => {
    await writeFile(path.join(dir, 'during-move'), 'fail\n');
    await expect(failpoint('during-move', 'aaaaaaaa', dir)).rejects.toMatchObject({ step: 'failpoint' });
  });
});
