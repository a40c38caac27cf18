import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { SmokeLab } from './lab.ts';
import { type Moved, moveProbes } from './moved-probes.ts';
import { PodSet, type PodSpec } from './pod-set.ts';
import { probeContainer } from './probe.ts';

/** Pods that hold what cannot come along: each is refused with that reason before it is frozen, and goes on. */

const image = inject('probeImage');
const USER = 65532;
/** Bit of CAP_SYS_RESOURCE in a set of capabilities, capabilities(7). */
const SYS_RESOURCE = 1n << 24n;

const pods: Record<string, PodSpec> = {
  stopped: { containers: [probeContainer(image, ['stopped'])] },
  name: { containers: [probeContainer(image, ['deleted_names'])] },
  memory: {
    containers: [
      probeContainer(image, ['ipc:first']),
      probeContainer(image, ['ipc:second'], { name: 'second', env: [{ name: 'PORT', value: '8081' }] }),
    ],
  },
  user: { securityContext: { runAsUser: USER }, containers: [probeContainer(image, ['processes'])] },
};
const REASON = {
  stopped: /is stopped/,
  name: /a name that was deleted/,
  memory: /several containers have System V shared memory attached/,
  user: /CAP_SYS_RESOURCE/,
};

let lab: SmokeLab;
let set: PodSet;
let moved: Record<string, Moved>;
let mayMoveUsers: boolean;

beforeAll(async () => {
  lab = await SmokeLab.open();
  set = new PodSet(lab, 'smoke-refused-pods');
  const status = await lab.onNode(lab.workers[0] ?? '', 'cat /proc/self/status');
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  mayMoveUsers = (BigInt(`0x${effective}`) & SYS_RESOURCE) !== 0n;
  moved = await moveProbes(lab, set, pods);
});
afterAll(async () => {
  await set.remove();
  await lab.close();
});

describe.each(Object.entries(REASON))('a pod that holds what cannot come along: %s', (key, reason) => {
  it('is refused with that reason, or is moved where this machine lets it', () => {
    const allowed = key === 'user' && mayMoveUsers;
    expect(moved[key]?.state).toBe(allowed ? 'Succeeded' : 'Failed');
    if (!allowed) expect(moved[key]?.why).toMatch(reason);
  });

  it('goes on as the very process with all that it holds', () => {
    expect(moved[key]?.after.nonce).toBe(moved[key]?.before.nonce);
    const verdicts = Object.values(moved[key]?.report ?? {}).flatMap((group) => Object.entries(group));
    expect(verdicts.filter(([, verdict]) => verdict !== 'kept')).toEqual([]);
  });
});
