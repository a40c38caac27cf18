import { expect, it } from 'vitest';
import type { EventView } from '../../contract/rest-views.ts';
import { isEcho } from './echo.ts';

const told = (kind: string, note: string, reportedBy = 'podferry-operator'): EventView => ({
  ...{ type: 'Normal', reason: 'Moving', note, count: 1, reportedBy },
  regarding: { kind, name: 'tick' },
});

it('knows what a pod was told of a migration, be it this one or another', () => {
  expect(isEcho(told('Pod', 'tick-1: tick-migration-1 waits on worker2 for the state'))).toBe(true);
  expect(isEcho(told('Pod', 'm.2: dump: CRIU cannot\n(00.1) Error'))).toBe(true);
});

it.each([
  ['what the migration was told', told('Podmigration', 'dump: CRIU cannot dump container tick')],
  ['what only the pod was told', told('Pod', 'evicted without being moved: io_uring')],
  ['what others say of the pod', told('Pod', 'failed: no such image', 'kubelet')],
])('keeps %s', (_what, event) => {
  expect(isEcho(event)).toBe(false);
});
