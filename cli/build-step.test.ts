import { expect, it } from 'vitest';
import { BuildProgress, describe as told } from './build-step.ts';

it('shows what is being built, for how long, and how much is ready', () => {
  const progress = new BuildProgress();
  progress.take({ kind: 'reused', step: 'etcd', title: 'etcd' }, 0);
  progress.take({ kind: 'started', step: 'k', title: 'kubernetes', expectedSeconds: 480 }, 1000);
  progress.take({ kind: 'waiting', step: 'p', title: 'pulumi' }, 2000);
  expect(progress.line(66_400)).toBe(
    '1 ready · kubernetes (1 min 05 s of about 8 min 00 s) · pulumi (waiting, 1 min 04 s)',
  );
  progress.take({ kind: 'finished', step: 'k', title: 'kubernetes', ms: 1 }, 70_000);
  progress.take({ kind: 'failed', step: 'p', title: 'pulumi', ms: 1, error: new Error('x') }, 70_000);
  expect(progress.line(70_000)).toBe('2 ready');
});

it('tells every event in a line of its own', () => {
  const of = { step: 's', title: 'etcd 3 (Go)' };
  expect(told({ kind: 'finished', ...of, ms: 64_000 })).toBe('etcd 3 (Go): built in 1 min 04 s');
  expect(told({ kind: 'skipped', ...of, because: 'go' })).toContain('because of go');
});
