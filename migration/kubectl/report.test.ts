import { describe, expect, it } from 'vitest';
import { podmigration } from '../contract/podmigration.ts';
import { duration, failureText, progressLine, resultObject, size, successText } from './report.ts';

const of = (action: string, status: object) =>
  podmigration.parse({
    apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
    kind: 'Podmigration',
    metadata: { name: 'migrate-tick-x', namespace: 'default', uid: 'u', resourceVersion: '1' },
    spec: { action },
    status,
  });
const moved = of('live-migration', {
  state: 'Succeeded',
  sourcePod: 'tick',
  sourceNode: 'worker1',
  targetPod: 'tick-migration-1',
  targetNode: 'worker2',
  freezeMs: 318.8,
  totalMs: 1606,
  bytes: 5028352,
  phases: [{ name: 'freeze', startedAt: '2026-01-01T00:00:00Z', ms: 3 }],
});

it.each([
  [0, '0 ms'],
  [318.8, '319 ms'],
  [1606, '1.6 s'],
  [125_000, '2 min 5 s'],
])('%d ms reads %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [5028352, '4.8 MiB'],
  [2 ** 50, '1024.0 TiB'],
])('%d bytes read %s', (bytes, text) => {
  expect(size(bytes)).toBe(text);
});

describe('the report', () => {
  it('of a success', () => {
    expect(successText(moved)).toBe(
      [
        'tick moved from worker1 to worker2; it is now tick-migration-1',
        '  frozen 319 ms, total 1.6 s, 4.8 MiB',
        '  freeze 3 ms',
      ].join('\n'),
    );
    const saved = of('checkpoint', { sourcePod: 'redis', checkpointPath: '/c/redis' });
    expect(successText(saved)).toBe('redis saved to /c/redis; it runs on');
  });

  it('for programs is the name and the status', () => {
    expect(resultObject(moved)).toMatchObject({
      name: 'migrate-tick-x',
      state: 'Succeeded',
      bytes: 5028352,
    });
  });

  it('of a failure has CRIU’s own words, of a refusal the reason', () => {
    const error = { step: 'dump', message: 'CRIU cannot', criuLog: ['Error (criu/sockets.c:767): BUG!'] };
    expect(failureText(of('live-migration', { error }))).toBe(
      'failed in step dump: CRIU cannot\nCRIU says:\n  Error (criu/sockets.c:767): BUG!',
    );
    const refusal = { step: 'validate', message: 'there is no pod x', criuLog: [] };
    expect(failureText(of('live-migration', { error: refusal }))).toBe('refused: there is no pod x');
  });

  it('of progress is one line', () => {
    expect(progressLine(of('live-migration', { state: 'Moving' }), 614)).toBe('  614 ms  Moving');
  });
});
