import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { configReference, hostReference } from './config-reference.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

it('the README holds the reference of every setting, as the schema has it', () => {
  expect(readme).toContain(configReference());
});

it('the README holds the reference of a host, as the schema has it', () => {
  expect(readme).toContain(hostReference());
});
