import fc from 'fast-check';
import { expect, it } from 'vitest';
import { statePart } from '../state-layout.ts';
import { stateFile, storedPath } from './checkpoint-files.ts';

it.each([
  ['main/image/pages-1.img', 'main/pages-1.img'],
  ['main/image/descriptors.json', 'main/descriptors.json'],
  ['main/rw.tar', 'main/rw.tar'],
  ['side-car/termination-log', 'side-car/termination-log'],
  ['_pod/shm.tar', '_pod/shm.tar'],
  ['_pod/volume-data.tar', '_pod/volume-data.tar'],
])('%s lies at %s', (state, stored) => {
  expect(storedPath(state)).toBe(stored);
  expect(stateFile(stored)).toBe(state);
});

it.each([
  'main',
  'main/',
  '/x',
  'main/image/x.img',
  'main/../x',
  '../x',
  '_pod/other.tar',
  '_pod/pages-1.img',
  'main/-x',
  'main/.x',
])('%j is no file of a checkpoint', (stored) => {
  expect(stateFile(stored)).toBeUndefined();
});

it('whatever a manifest names, it becomes a part of a state or nothing', () => {
  const hostile = fc.array(
    fc.constantFrom('..', '.', '/', 'image', 'main', '_pod', 'rw.tar', 'x', '-', '\0'),
    {
      maxLength: 8,
    },
  );
  fc.assert(
    fc.property(hostile, (pieces) => {
      const state = stateFile(pieces.join(''));
      if (state !== undefined) expect(statePart(state)).toBeDefined();
    }),
  );
});

it('refuses what is no part of a state', () => {
  expect(() => storedPath('main/other')).toThrow(/no part of a state/);
});
