import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SmokeLab } from './lab.ts';

/** `kubectl drain` of a worker, with pods that opted in to be moved, and others. */

const [MOVED, PLAIN, REFUSED, GUARDED] = ['evmoved', 'evplain', 'evrefused', 'evguarded'];
const [DEPLOYED, SET, ORPHAN, NEIGHBOUR] = ['evdeployed', 'evset', 'evorphan', 'evneighbour'];
const ALL = [MOVED, PLAIN, REFUSED, GUARDED, ORPHAN, NEIGHBOUR];

let lab: SmokeLab;
let [here, there]: string[] = [];

beforeAll(async () => {
  lab = await SmokeLab.open();
  [here, there] = lab.workers;
});
afterEach(() => lab.tryKubectl(['uncordon', here as string]));
afterAll(async () => {
  await runOperators(lab.outputs.operator.replicas);
  await lab.tryKubectl(['delete', 'pdb', GUARDED, DEPLOYED]);
  await lab.tryKubectl(['delete', `deployment/${DEPLOYED}`, `statefulset/${SET}`, '--timeout=60s']);
  for (const name of ALL) await lab.removePods(name);
  await lab.close();
});

async function start(name: string, optsIn: boolean, spec: object = {}): Promise<void> {
  const { labels, spec: plain } = template(name, 'tick', optsIn);
  await lab.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec: { ...plain, ...spec } });
  await lab.kubectl(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s']);
  expect(await lab.nodeOf(name)).toBe(here);
}

function template(name: string, app: 'tick' | 'redis', optsIn: boolean) {
  const labels = { 'podferry.dev/smoke': name, ...(optsIn && { 'podferry.dev/evict': 'move' }) };
  const isHere = { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [here] }] };
  const spec = {
    terminationGracePeriodSeconds: 1,
    // Not a pin: the pod has to be free to go.
    affinity: {
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: isHere }],
      },
    },
    containers: [
      {
        name: app,
        image: lab.outputs.apps.image[app],
        imagePullPolicy: 'Never',
        startupProbe: { tcpSocket: { port: lab.outputs.apps[app].port }, periodSeconds: 1 },
      },
    ],
  };
  return { labels, spec };
}

/** One pod that opted in, of a controller. */
async function startOwned(kind: 'Deployment' | 'StatefulSet', name: string, app: 'tick' | 'redis') {
  const { labels, spec } = template(name, app, true);
  await lab.apply({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name },
    spec: {
      replicas: 1,
      serviceName: kind === 'StatefulSet' ? name : undefined,
      selector: { matchLabels: { 'podferry.dev/smoke': name } },
      template: { metadata: { labels }, spec },
    },
  });
  await lab.kubectl(['rollout', 'status', `${kind}/${name}`, '--timeout=60s']);
  const [pod = ''] = await podsOf(name);
  expect(await lab.nodeOf(pod)).toBe(here);
  return pod;
}

async function guard(name: string, spec: object): Promise<void> {
  const selector = { matchLabels: { 'podferry.dev/smoke': name } };
  await lab.apply({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name },
    spec: { selector, ...spec },
  });
  await lab.until(
    'the budget is counted',
    () => lab.kubectl(['get', 'pdb', name, '-o', 'jsonpath={.status.currentHealthy}']),
    (healthy) => healthy === '1',
  );
}

/** Has so many operators run, and waits until they do. */
async function runOperators(replicas: number): Promise<void> {
  const { namespace, deployment } = lab.outputs.operator;
  const there = ['-n', namespace];
  await lab.kubectl(['scale', `deployment/${deployment}`, `--replicas=${replicas}`, ...there]);
  await lab.kubectl(['rollout', 'status', `deployment/${deployment}`, '--timeout=60s', ...there]);
  const gone = ['--for=delete', 'pod', '-l', `app.kubernetes.io/name=${deployment}`, '--timeout=60s'];
  if (replicas === 0) await lab.kubectl(['wait', ...gone, ...there]);
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
  });

  it('evicts as ever a pod that cannot be moved, and says why on it', async () => {
    await start(REFUSED, true, { shareProcessNamespace: true });
    const drained = await drain([REFUSED]);
    expect(drained.exitCode).toBe(0);
    expect(await podsOf(REFUSED)).toEqual([]);
    expect(await warningsOf(REFUSED)).toMatch(/EvictedUnmoved: evicted without being moved: .*process/);
  });

  it('waits for a PodDisruptionBudget, and moves the pod when that allows it', async () => {
    await start(GUARDED, true);
    await guard(GUARDED, { minAvailable: 1 });
    const { startedAt } = await lab.tick(GUARDED);
    expect((await drain([GUARDED], '10s')).exitCode).not.toBe(0);
    expect(await podsOf(GUARDED)).toEqual([GUARDED]);
    expect((await lab.tick(GUARDED)).startedAt).toBe(startedAt);
    await lab.kubectl(['delete', 'pdb', GUARDED]);
    const drained = await drain([GUARDED]);
    expect(drained.exitCode).toBe(0);
    expect((await lab.tick(`${GUARDED}-migration-1`)).startedAt).toBe(startedAt);
  });

  it('moves a Deployment’s redis with all its keys, where its budget allows that', async () => {
    const pod = await startOwned('Deployment', DEPLOYED, 'redis');
    await guard(DEPLOYED, { maxUnavailable: 1 });
    await lab.redis(pod, 'set', 'kept', 'yes');
    expect((await drain([DEPLOYED])).exitCode).toBe(0);
    const moved = await podsOf(DEPLOYED);
    expect(moved).toEqual([`${pod}-migration-1`]);
    expect(await lab.nodeOf(moved[0] as string)).toBe(there);
    expect(await lab.redis(moved[0] as string, 'get', 'kept')).toBe('yes');
  });

  it('moves a StatefulSet’s pod, which keeps its name', async () => {
    const pod = await startOwned('StatefulSet', SET, 'tick');
    const { startedAt } = await lab.tick(pod);
    const drained = await drain([SET]);
    expect(drained.stdout + drained.stderr).not.toMatch(/error/i);
    expect(drained.exitCode).toBe(0);
    expect(await podsOf(SET)).toEqual([pod]);
    expect(await lab.nodeOf(pod)).toBe(there);
    expect((await lab.tick(pod)).startedAt).toBe(startedAt);
  });
});

describe('while no operator answers', () => {
  it('a pod that opted in is not killed, which the drain says at once; others are evicted; later it is moved', async () => {
    await Promise.all([start(ORPHAN, true), start(NEIGHBOUR, false)]);
    const { startedAt } = await lab.tick(ORPHAN);
    await runOperators(0);
    const drained = await drain([ORPHAN, NEIGHBOUR]);
    expect(drained.exitCode).not.toBe(0);
    expect(drained.stderr).toContain('no operator of podferry answers');
    expect(drained.stderr).not.toContain('global timeout');
    expect(await podsOf(NEIGHBOUR)).toEqual([]);
    expect((await lab.tick(ORPHAN)).startedAt).toBe(startedAt);
    await runOperators(lab.outputs.operator.replicas);
    // Ready is not yet reached: the API server finds the way to a new operator a moment later, and refuses until then.
    const later = await lab.until(
      'evictions reach the new operator',
      () => drain([ORPHAN]),
      ({ stderr }) => !stderr.includes('no operator of podferry answers'),
    );
    expect(later.exitCode, later.stderr).toBe(0);
    expect((await lab.tick(`${ORPHAN}-migration-1`)).startedAt).toBe(startedAt);
  });
});
