import { describe, expect, it } from 'vitest';
import { podmigration } from '../contract/podmigration.ts';
import { checksObject, checksText, isMovable } from './checks-report.ts';

const answer = (state: string, movable: string, checks: object[]) =>
  podmigration.parse({
    apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
    kind: 'Podmigration',
    metadata: { name: 'm', namespace: 'default', uid: 'u', resourceVersion: '1' },
    spec: { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2', dryRun: true },
    status: {
      state,
      checks,
      conditions: [
        {
          type: 'Movable',
          status: movable,
          reason: 'Checks',
          message: '',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    },
  });
const good = { name: 'PodExists', status: 'passed', message: '' };
const bad = { name: 'NodeTaints', status: 'failed', message: 'the pod does not tolerate x' };

describe('the answer of a dry run', () => {
  it('is a table with a line for every check, and a last word', () => {
    expect(checksText(answer('Failed', 'False', [good, bad])).split('\n')).toEqual([
      'CHECK       RESULT',
      'PodExists   passed',
      'NodeTaints  failed  the pod does not tolerate x',
      '',
      'tick cannot be moved to worker2: 1 check failed; nothing was done',
    ]);
    expect(checksText(answer('Succeeded', 'True', [good]))).toContain('tick can be moved to worker2');
  });

  it('is an object for programs', () => {
    expect(checksObject(answer('Failed', 'False', [bad]))).toEqual({
      pod: 'tick',
      node: 'worker2',
      movable: false,
      checks: [bad],
    });
  });

  it.each([
    ['Succeeded', 'True', true],
    ['Failed', 'False', false],
    ['Failed', 'True', false],
    ['Succeeded', 'Unknown', false],
  ])('%s with Movable %s means %s', (state, movable, expected) => {
    expect(isMovable(answer(state, movable, []).status)).toBe(expected);
  });
});
