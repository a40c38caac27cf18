import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { checksReference } from './checks-reference.ts';

it('the README holds the table of every check, as they are defined', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  expect(readme).toContain(checksReference());
});
