import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmokeLab } from './lab.ts';

/** `kubectl drain` of a worker, with pods that opted in to be moved, and others. */

const [MOVED, PLAIN, REFUSED, GUARDED] = ['evmoved', 'evplain', 'evrefused', 'evguarded'];
const ALL = [MOVED, PLAIN, REFUSED, GUARDED];

let lab: SmokeLab;
let [here, there]: string[] = [];

beforeAll(async () => {
  lab = await SmokeLab.open();
  [here, there] = lab.workers;
});
afterAll(async () => {
  await lab.tryKubectl(['uncordon', here as string]);
  await lab.tryKubectl(['delete', 'pdb', GUARDED]);
  for (const name of ALL) await lab.removePods(name);
  await lab.close();
});

async function start(name: string, optsIn: boolean, spec: object = {}): Promise<void> {
  const body = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: { 'podferry.dev/smoke': name, ...(optsIn && { 'podferry.dev/evict': 'move' }) },
    },
    spec: {
      terminationGracePeriodSeconds: 1,
      // Not a pin: the pod has to be free to go.
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 100,
              preference: {
                matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [here] }],
              },
            },
          ],
        },
      },
      containers: [
        {
          name: 'tick',
          image: lab.outputs.apps.image.tick,
          imagePullPolicy: 'Never',
          startupProbe: { tcpSocket: { port: lab.outputs.apps.tick.port }, periodSeconds: 1 },
        },
      ],
      ...spec,
    },
  };
  await lab.kubectl(['apply', '-f', '-'], JSON.stringify(body));
  await lab.kubectl(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s']);
  expect(await lab.nodeOf(name)).toBe(here);
}

/** Drains the node of these pods only: what else runs there is other tests' business. */
const drain = (names: string[], timeout = '100s') =>
  lab.tryKubectl([
    'drain',
    here as string,
    '--force',
    '--ignore-daemonsets',
    '--delete-emptydir-data',
    `--pod-selector=podferry.dev/smoke in (${names.join(',')})`,
    `--timeout=${timeout}`,
  ]);

const podsOf = async (name: string): Promise<string[]> =>
  (
    await lab.kubectl([
      'get',
      'pods',
      '-l',
      `podferry.dev/smoke=${name}`,
      '-o',
      'jsonpath={.items[*].metadata.name}',
    ])
  )
    .split(' ')
    .filter(Boolean);

const warningsOf = (pod: string) =>
  lab.kubectl([
    'get',
    'events',
    '--field-selector',
    `involvedObject.name=${pod},type=Warning`,
    '-o',
    'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}',
  ]);

describe('kubectl drain', () => {
  it('moves the pod that opted in, which counts on, and evicts the one that did not', async () => {
    await Promise.all([start(MOVED, true), start(PLAIN, false)]);
    const before = await lab.tick(MOVED);
    const drained = await drain([MOVED, PLAIN]);
    expect(drained.stderr + drained.stdout).toContain(`pod/${PLAIN} evicted`);
    expect(drained.exitCode).toBe(0);
    expect(await podsOf(MOVED)).toEqual([`${MOVED}-migration-1`]);
    expect(await lab.nodeOf(`${MOVED}-migration-1`)).toBe(there);
    const after = await lab.tick(`${MOVED}-migration-1`);
    expect(after.startedAt).toBe(before.startedAt);
    expect(after.count).toBeGreaterThan(before.count);
    expect(await podsOf(PLAIN)).toEqual([]);
    await lab.kubectl(['uncordon', here as string]);
  });

  it('evicts as ever a pod that cannot be moved, and says why on it', async () => {
    await start(REFUSED, true, { shareProcessNamespace: true });
    const drained = await drain([REFUSED]);
    expect(drained.exitCode).toBe(0);
    expect(await podsOf(REFUSED)).toEqual([]);
    expect(await warningsOf(REFUSED)).toMatch(/EvictedUnmoved: evicted without being moved: .*process/);
    await lab.kubectl(['uncordon', here as string]);
  });

  it('waits for a PodDisruptionBudget, and moves the pod when that allows it', async () => {
    await start(GUARDED, true);
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: GUARDED },
      spec: { minAvailable: 1, selector: { matchLabels: { 'podferry.dev/smoke': GUARDED } } },
    };
    await lab.kubectl(['apply', '-f', '-'], JSON.stringify(budget));
    await lab.until(
      'the budget is counted',
      () => lab.kubectl(['get', 'pdb', GUARDED, '-o', 'jsonpath={.status.currentHealthy}']),
      (healthy) => healthy === '1',
    );
    const { startedAt } = await lab.tick(GUARDED);
    expect((await drain([GUARDED], '10s')).exitCode).not.toBe(0);
    expect(await podsOf(GUARDED)).toEqual([GUARDED]);
    expect((await lab.tick(GUARDED)).startedAt).toBe(startedAt);
    await lab.kubectl(['delete', 'pdb', GUARDED]);
    const drained = await drain([GUARDED]);
    expect(drained.exitCode).toBe(0);
    expect((await lab.tick(`${GUARDED}-migration-1`)).startedAt).toBe(startedAt);
    await lab.kubectl(['uncordon', here as string]);
  });
});
