import { describe, expect, it } from 'vitest';
import { podmigration } from '../contract/podmigration.ts';
import { addPhases, change, enter, failureText } from './status.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds));
const fresh = podmigration.parse({
  apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
  kind: 'Podmigration',
  metadata: { name: 'm', namespace: 'default', uid: 'u', resourceVersion: '1', generation: 3 },
  spec: { action: 'live-migration', sourcePod: 'tick' },
});
const why = { reason: 'Why', message: 'because' };

describe('entering a state', () => {
  it('keeps the time a condition last changed, and ends the clock at the end', () => {
    const begun = enter(fresh, {}, 'Preparing', why, at(0));
    const moving = enter({ ...fresh, status: begun }, begun, 'Moving', why, at(2));
    const over = enter({ ...fresh, status: moving }, moving, 'Succeeded', why, at(5));
    expect(moving.totalMs).toBeUndefined();
    expect(moving.conditions?.[0]).toMatchObject({
      status: 'False',
      lastTransitionTime: at(0).toISOString(),
    });
    expect(over).toMatchObject({
      totalMs: 5000,
      startedAt: at(0).toISOString(),
      finishedAt: at(5).toISOString(),
    });
    expect(over.conditions).toEqual([
      {
        type: 'Complete',
        status: 'True',
        ...why,
        lastTransitionTime: at(5).toISOString(),
        observedGeneration: 3,
      },
      {
        type: 'Failed',
        status: 'False',
        ...why,
        lastTransitionTime: at(0).toISOString(),
        observedGeneration: 3,
      },
    ]);
  });

  it('again after an end takes the end back', () => {
    const over = enter(fresh, {}, 'Succeeded', why, at(0));
    const again = enter({ ...fresh, status: over }, over, 'Restoring', why, at(9));
    expect(again).not.toHaveProperty('finishedAt');
    expect(again).not.toHaveProperty('totalMs');
  });
});

it('a change to undefined removes the field', () => {
  expect(change({ state: 'Moving', freezeMs: 1 }, { freezeMs: undefined })).toEqual({ state: 'Moving' });
});

it('phases are kept in the order they began, each once', () => {
  const phases = addPhases(
    [{ name: 'prepare', startedAt: at(0).toISOString(), ms: 1000 }],
    [
      { name: 'restore', startedAt: at(3).toISOString(), ms: 90.1234 },
      { name: 'freeze', startedAt: at(1).toISOString(), ms: 3 },
      { name: 'restore', startedAt: at(3).toISOString(), ms: 91 },
    ],
  );
  expect(phases.map((p) => `${p.name} ${p.ms}`)).toEqual(['prepare 1000', 'freeze 3', 'restore 91']);
});

it('the text of a failure fits into an event', () => {
  const text = failureText({
    step: 'dump',
    message: 'no',
    criuLog: Array(50).fill('Error (criu/x.c:1): something'),
  });
  expect(text.length).toBeLessThanOrEqual(1000);
  expect(text).toMatch(/^dump: no\nError/);
});
