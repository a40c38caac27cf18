import { describe, expect, it } from 'vitest';
import { armNames, workloadNames } from '../names.ts';
import { workloads } from '../workloads/all.ts';
import { plan } from './plan.ts';
import { choose, type Size, sizes } from './sizes.ts';

/** How often each arm is played with each workload. */
function runsOf(size: Size, arms: string[] = [], names: string[] = []): Record<string, number> {
  const cells = plan(choose(size, arms, names).pairs, sizes[size].runs, 1);
  const counts: Record<string, number> = {};
  for (const { workload, arm } of cells)
    counts[`${workload}/${arm}`] = (counts[`${workload}/${arm}`] ?? 0) + 1;
  return counts;
}

const mainArms = ['recreate-30', 'recreate-0', 'rollout', 'store', 'stream', 'keep-address'];

describe('choose', () => {
  it('plays the two main workloads ten times in every way, the others ten times as podferry is and as Kubernetes is', () => {
    const runs = runsOf('medium');
    for (const name of ['tick', 'redis-100MB'])
      for (const arm of mainArms) expect(runs[`${name}/${arm}`], `${name}/${arm}`).toBeGreaterThanOrEqual(10);
    const others = workloadNames.filter((name) => name !== 'memory-1024MiB');
    for (const name of others)
      for (const arm of ['recreate-0', 'keep-address'])
        expect(runs[`${name}/${arm}`], `${name}/${arm}`).toBeGreaterThanOrEqual(10);
  });

  it('limits a workload to its own arms unless all are wanted or the user names some', () => {
    expect(runsOf('medium')['video/stream']).toBeUndefined();
    expect(runsOf('full')['video/stream']).toBeGreaterThan(0);
    expect(runsOf('medium', ['stream'], ['video'])).toEqual({ 'video/stream': 10 });
  });

  it('plays what CI needs and no more', () => {
    expect(Object.keys(runsOf('short')).sort()).toEqual(
      ['tick', 'redis-100MB']
        .flatMap((name) => ['recreate-0', 'keep-address', 'floor'].map((arm) => `${name}/${arm}`))
        .sort(),
    );
  });

  it('knows every arm that a workload is limited to', () => {
    for (const { arms = [] } of workloads) for (const arm of arms) expect(armNames).toContain(arm);
  });
});
