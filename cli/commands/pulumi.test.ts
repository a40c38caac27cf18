import { expect, it } from 'vitest';
import { namedStack, withStack } from './pulumi.ts';

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

it('sees which stack the arguments name', () => {
  expect(namedStack(['config', 'get', 'x', '-s', 'one'])).toBe('one');
  expect(namedStack(['up', '--stack=two', '--yes'])).toBe('two');
  expect(namedStack(['up', '--stack', 'three'])).toBe('three');
  expect(namedStack(['up', '--yes'])).toBeUndefined();
});
