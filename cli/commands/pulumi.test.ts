import { expect, it } from 'vitest';
import { withStack } from './pulumi.ts';

it('adds the stack where the engine takes one and none is named', () => {
  expect(withStack(['preview', '--diff'], 'lab')).toEqual(['preview', '--diff', '--stack', 'lab']);
  expect(withStack(['config', 'set', 'podferry:workers', '3'], 'lab')).toContain('--stack');
  expect(withStack(['stack', 'output', '--json'], 'lab')).toContain('--stack');
});

it('leaves everything else as it is', () => {
  for (const args of [
    [],
    ['version'],
    ['plugin', 'ls'],
    ['up', '--stack', 'x'],
    ['up', '--stack=x'],
    ['up', '-s', 'x'],
    ['up', '--help'],
    ['stack', 'select', 'x'],
    ['stack', 'ls'],
  ])
    expect(withStack(args, 'lab')).toEqual(args);
});
