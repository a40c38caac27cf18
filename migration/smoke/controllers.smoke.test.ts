import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { KeepAliveClient } from './clients.ts';
import { SmokeLab } from './lab.ts';

let lab: SmokeLab;
let [here, there]: string[] = [];

beforeAll(async () => {
  lab = await SmokeLab.open();
  [here, there] = lab.workers;
});
afterAll(() => lab.close());

const LABEL = 'podferry.dev/smoke-controller';
const APP = 'smoke-owned';
const KINDS = 'deployment,statefulset,job,service,pod';
afterEach(async () => {
  await lab.kubectl(['delete', KINDS, '-l', `${LABEL}=${APP}`, '--grace-period=1', '--timeout=60s']);
});

const metadata = { name: APP, labels: { [LABEL]: APP } };
const selector = { matchLabels: { [LABEL]: APP } };

/** A tick as a controller's template; a pod that is ready only some seconds after its start. */
function template(restartPolicy: 'Always' | 'Never') {
  const readinessProbe = {
    httpGet: { path: '/healthz', port: 8080 },
    initialDelaySeconds: 2,
    periodSeconds: 2,
  };
  const image = lab.outputs.apps.image.tick;
  return {
    metadata: { labels: { [LABEL]: APP } },
    spec: {
      restartPolicy,
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'tick', image, imagePullPolicy: 'Never', readinessProbe }],
    },
  };
}

async function apply(apiVersion: string, kind: string, spec: object): Promise<void> {
  await lab.apply({ apiVersion, kind, metadata, spec });
}

const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        uid: z.string(),
        deletionTimestamp: z.string().optional(),
        ownerReferences: z
          .array(z.object({ kind: z.string(), controller: z.boolean().optional() }))
          .default([]),
      }),
      spec: z.object({ nodeName: z.string().default('') }),
      status: z.object({
        podIP: z.string().optional(),
        conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
      }),
    }),
  ),
});
type OwnedPod = z.infer<typeof podList>['items'][0];

/** The pods that are there and not going. */
async function pods(): Promise<OwnedPod[]> {
  const raw = await lab.kubectl(['get', 'pods', '-l', `${LABEL}=${APP}`, '-o', 'json']);
  return podList.parse(JSON.parse(raw)).items.filter((p) => p.metadata.deletionTimestamp === undefined);
}

async function onlyReadyPod(): Promise<OwnedPod> {
  const isReady = (p: OwnedPod) => p.status.conditions.some((c) => c.type === 'Ready' && c.status === 'True');
  const found = await lab.until('one pod, Ready', pods, (all) => all.length === 1 && all.every(isReady));
  return found[0] as OwnedPod;
}

/** More than a pod is away that is made anew under its name, in ms. */
const PATIENCE_MS = 20_000;

const elsewhere = (pod: OwnedPod) => (pod.spec.nodeName === here ? there : here) as string;

/** How many pods a controller says it has started. */
async function started(reason: string): Promise<number> {
  const about = `reason=${reason}`;
  const raw = await lab.kubectl(['get', 'events', '--field-selector', about, '-o', 'json']);
  const { items } = z.object({ items: z.array(z.object({ message: z.string() })) }).parse(JSON.parse(raw));
  return items.filter(({ message }) => message.includes(APP)).length;
}

/** Moves the only pod to the other worker; its count must go on, and no pod be started for it. */
async function moveAndCompare(): Promise<OwnedPod> {
  const source = await onlyReadyPod();
  const [before, startedBefore] = [await lab.tick(source.metadata.name), await started('SuccessfulCreate')];
  const moved = await lab.migrate(source.metadata.name, elsewhere(source));
  const target = await onlyReadyPod();
  expect(target.metadata.name).toBe(moved.targetPod);
  expect(target.spec.nodeName).toBe(elsewhere(source));
  const after = await lab.tick(target.metadata.name);
  expect(after.startedAt).toBe(before.startedAt);
  expect(after.count).toBeGreaterThanOrEqual(before.count);
  expect(await started('SuccessfulCreate')).toBe(startedBefore);
  return target;
}

it('a Deployment counts the moved pod, and its Service sends to it and to nobody else', async () => {
  await apply('apps/v1', 'Deployment', { replicas: 1, selector, template: template('Always') });
  await apply('v1', 'Service', { selector: { [LABEL]: APP }, ports: [{ port: 8080 }] });
  const target = await moveAndCompare();
  expect(target.metadata.ownerReferences).toMatchObject([{ kind: 'ReplicaSet', controller: true }]);
  await lab.kubectl(['rollout', 'status', `deployment/${APP}`, '--timeout=30s']);
  expect(await lab.endpoints(APP)).toEqual([
    { pod: target.metadata.name, addresses: [target.status.podIP], ready: true },
  ]);
  const path = `/api/v1/namespaces/${lab.namespace}/services/${APP}:8080/proxy/`;
  expect(JSON.parse(await lab.kubectl(['get', '--raw', path])).pod).toBe(target.metadata.name);
}, 60_000);

it.each([
  ['a rollout', ['set', 'env', `deployment/${APP}`, 'ROLLED=out'], 1],
  ['a scale to two', ['scale', `deployment/${APP}`, '--replicas=2'], 2],
])(
  '%s during a move ends with as many pods as are wanted',
  async (_, change, wanted) => {
    await apply('apps/v1', 'Deployment', { replicas: 1, selector, template: template('Always') });
    const source = await onlyReadyPod();
    const move = lab.tryKubectl(['migrate', source.metadata.name, elsewhere(source)]);
    await lab.kubectl(change);
    await move;
    await lab.kubectl(['rollout', 'status', `deployment/${APP}`, '--timeout=60s']);
    const left = await lab.until('the number of pods', pods, (all) => all.length === wanted);
    expect(left.flatMap((p) => p.metadata.ownerReferences.map((o) => o.kind))).toEqual(
      Array(wanted).fill('ReplicaSet'),
    );
  },
  100_000,
);

it('a Job that may not fail once goes on with the moved pod, and completes with it', async () => {
  await apply('batch/v1', 'Job', {
    backoffLimit: 0,
    completionMode: 'Indexed',
    completions: 1,
    template: template('Never'),
  });
  const target = await moveAndCompare();
  await lab.kubectl(['exec', target.metadata.name, '--', 'python3', '-c', 'import os; os.kill(1, 15)']);
  await lab.kubectl(['wait', '--for=condition=Complete', `job/${APP}`, '--timeout=30s']);
}, 60_000);

const startStatefulSet = () =>
  apply('apps/v1', 'StatefulSet', {
    replicas: 1,
    serviceName: APP,
    selector,
    template: template('Always'),
  });

it('a StatefulSet’s pod keeps its name, and is never started from nothing', async () => {
  await startStatefulSet();
  const source = await onlyReadyPod();
  const target = await moveAndCompare();
  expect(target.metadata.name).toBe(source.metadata.name);
  expect(target.metadata.uid).not.toBe(source.metadata.uid);
}, 60_000);

it('a StatefulSet’s pod keeps its address too, and a client from outside its connection, there and back', async () => {
  await startStatefulSet();
  await apply('v1', 'Service', { type: 'NodePort', selector: { [LABEL]: APP }, ports: [{ port: 8080 }] });
  const { status: before } = await onlyReadyPod();
  const client = new KeepAliveClient(await lab.outsideAddress(APP), PATIENCE_MS);
  client.start();
  try {
    for (const _ of ['there', 'back']) {
      const { status } = await moveAndCompare();
      expect(status.podIP).toBe(before.podIP);
      const answered = client.answers.length;
      await lab.until(
        'answers after the move',
        async () => client.answers.length,
        (now) => now > answered + 20,
      );
    }
  } finally {
    await client.stop();
  }
  const counts = client.answers.map((answer) => z.object({ count: z.int() }).parse(JSON.parse(answer)).count);
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  expect(client.connections).toBe(1);
}, 90_000);
