import { expect, it } from 'vitest';
import { podmigration } from '../contract/podmigration.ts';
import { lateness } from './lateness.ts';

const calledOff = (action: string, status: object) =>
  lateness(
    podmigration.parse({
      apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
      kind: 'Podmigration',
      metadata: { name: 'm', namespace: 'default', uid: 'u', resourceVersion: '1' },
      spec: { action, sourcePod: 'tick', snapshotPath: '/daily' },
      status,
    }),
  );
const committed = { committedAt: '2026-01-01T12:00:00Z', activePod: 'tick-migration-1' };

it.each(['Committed', 'Succeeded'])('is too late for a move that was %s when it was removed', (state) => {
  expect(calledOff('live-migration', { state, ...committed })).toMatch('the pod is tick-migration-1');
});

it('is too late for a checkpoint that was saved', () => {
  const saved = { state: 'Succeeded', checkpointPath: '/daily/tick' };
  expect(calledOff('checkpoint', saved)).toMatch('/daily/tick');
});

it.each([
  ['live-migration', 'Moving'],
  ['live-migration', 'RollingBack'],
  ['live-migration', undefined],
  ['checkpoint', 'Checkpointing'],
  ['restore', 'Succeeded'],
])('is not too late for a %s that was at %s', (action, state) => {
  expect(calledOff(action, { state, activePod: 'tick' })).toBeUndefined();
});
