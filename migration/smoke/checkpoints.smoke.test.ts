import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkpointRecord } from '../contract/agent-api.ts';
import { podCheckpoint } from '../contract/podcheckpoint.ts';
import { type Podmigration, podmigration } from '../contract/podmigration.ts';
import { SmokeLab } from './lab.ts';

const POD = 'ckpt-pair';
const PATH = '/smoke-checkpoints';
/** The contract cuts the pod's name at its first dash. */
const DIRECTORY = `${PATH}/ckpt`;
/** Where the store's server has it, as its agent knows. */
const ROOT = `root=$(sed -n 's/.*"storeRoot": *"\\([^"]*\\)".*/\\1/p' /etc/podferry/agent.json)`;

let lab: SmokeLab;
let [here, there]: string[] = [];
let master: string;
let startedAt: string;

beforeAll(async () => {
  lab = await SmokeLab.open();
  [here, there] = lab.workers;
  master = lab.master.name;
  await lab.apply(pair(here as string));
  await lab.kubectl(['wait', '--for=condition=Ready', `pod/${POD}`, '--timeout=60s']);
  await lab.kubectl(['exec', POD, '-c', 'redis', '--', 'redis-cli', 'set', 'kept', 'in the checkpoint']);
  await lab.kubectl(['exec', POD, '-c', 'tick', '--', 'sh', '-c', 'echo shared >/shared/note']);
  startedAt = (await lab.tick(POD)).startedAt;
});

afterAll(async () => {
  await lab.tryKubectl(['delete', 'podmigrations', '-l', `podferry.dev/smoke=${POD}`, '--timeout=60s']);
  const names = (await checkpoints()).map(({ metadata }) => metadata.name);
  if (names.length > 0) await lab.tryKubectl(['delete', 'podcheckpoints', ...names, '--timeout=60s']);
  await lab.removePods(POD);
  await lab.onNode(master, `${ROOT}; rm -rf "$root${PATH}"`);
  await lab.close();
});

/** Two containers that know nothing of each other, and a volume that both see. */
function pair(node: string) {
  const container = (name: 'tick' | 'redis') => ({
    name,
    image: lab.outputs.apps.image[name],
    imagePullPolicy: 'Never',
    volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: POD, labels: { 'podferry.dev/smoke': POD } },
    spec: {
      terminationGracePeriodSeconds: 1,
      nodeSelector: { 'kubernetes.io/hostname': node },
      containers: [container('tick'), container('redis')],
      volumes: [{ name: 'shared', emptyDir: {} }],
    },
  };
}

const list = z.object({ items: z.array(podCheckpoint) });

/** The checkpoints of our directory that are there to stay, the oldest first. */
async function checkpoints() {
  const { items } = list.parse(JSON.parse(await lab.kubectl(['get', 'podcheckpoints', '-o', 'json'])));
  return items
    .filter(({ metadata, spec }) => spec.path === DIRECTORY && metadata.deletionTimestamp === undefined)
    .sort((a, b) => (a.spec.createdAt < b.spec.createdAt ? -1 : 1));
}

/** What stands at our path on the store. */
async function onStore(): Promise<string[]> {
  const text = await lab.onNode(master, `${ROOT}; ls "$root${PATH}" 2>/dev/null || true`);
  return text.split('\n').filter(Boolean);
}

async function restore(name: string, replicas: number): Promise<Podmigration> {
  const spec = { action: 'restore', snapshotPath: DIRECTORY, destHost: there, replicas, template: copies() };
  const metadata = { name, labels: { 'podferry.dev/smoke': POD } };
  const body = { apiVersion: 'podmig.dcn.ssu.ac.kr/v1', kind: 'Podmigration', metadata, spec };
  await lab.apply(body);
  return settled(name);
}

/** The pod as it was, for any node. */
function copies() {
  const { metadata, spec } = pair('');
  const { nodeSelector: _, ...portable } = spec;
  return { metadata: { ...metadata, name: 'ckpt-copy' }, spec: portable };
}

async function settled(name: string): Promise<Podmigration> {
  return lab.until(
    `${name} is over`,
    async () =>
      podmigration.parse(JSON.parse(await lab.kubectl(['get', 'podmigration', name, '-o', 'json']))),
    ({ metadata, status }) =>
      status.observedGeneration === metadata.generation &&
      (status.state === 'Succeeded' || status.state === 'Failed'),
    90,
  );
}

const held = { kept: 'in the checkpoint', note: 'shared' };

async function contents(pod: string) {
  const kept = await lab.kubectl(['exec', pod, '-c', 'redis', '--', 'redis-cli', 'get', 'kept']);
  const note = await lab.kubectl(['exec', pod, '-c', 'tick', '--', 'cat', '/shared/note']);
  return { kept: kept.trim(), note: note.trim() };
}

describe('a checkpoint of a pod with two containers', () => {
  it('becomes an object that says where it stands; the pod goes on', async () => {
    await lab.kubectl(['checkpoint', POD, PATH]);
    const [made] = await checkpoints();
    expect(made).toMatchObject({
      spec: { pod: POD, node: here, containers: [{ name: 'tick' }, { name: 'redis' }] },
      status: { state: 'Ready', path: DIRECTORY },
    });
    const { count } = await lab.tick(POD);
    const later = await lab.until(
      'it counts on',
      () => lab.tick(POD),
      (answer) => answer.count > count,
    );
    expect(later.startedAt).toBe(startedAt);
  });

  it('is kept as often as asked for, the newest in its place; the others go from the store, too', async () => {
    for (let n = 0; n < 3; n++) await lab.kubectl(['checkpoint', POD, PATH, '--keep', '2']);
    const kept = await checkpoints();
    expect(kept.map(({ status }) => status.state)).toEqual(['Ready', 'Ready']);
    expect(kept[1]?.status.path).toBe(DIRECTORY);
    const names = await lab.until('two are left on the store', onStore, ({ length }) => length === 2);
    expect(names.map((name) => `${PATH}/${name}`).sort()).toEqual(
      kept.map(({ status }) => status.path).sort(),
    );
  });

  it('starts three pods on another node after its own is gone, and follows the number asked for', async () => {
    await lab.kubectl(['delete', 'pod', POD, '--grace-period=1', '--timeout=60s']);
    const { status } = await restore('ckpt-copies', 3);
    expect(status).toMatchObject({ state: 'Succeeded', restoredPods: { length: 3 } });
    for (const pod of status.restoredPods ?? []) {
      expect(await lab.nodeOf(pod)).toBe(there);
      expect((await lab.tick(pod)).startedAt).toBe(startedAt);
      expect(await contents(pod)).toEqual(held);
    }
    for (const replicas of [1, 2]) {
      await lab.kubectl([
        'patch',
        'podmigration',
        'ckpt-copies',
        '--type=merge',
        '-p',
        `{"spec":{"replicas":${replicas}}}`,
      ]);
      const after = await settled('ckpt-copies');
      expect(after.status).toMatchObject({ state: 'Succeeded', restoredPods: { length: replicas } });
    }
  });

  it('that is damaged is refused before any pod is made, and the file is named', async () => {
    const spoil = `${ROOT}; f=$(ls "$root${DIRECTORY}"/redis/pages-*.img | head -1); printf x | dd of="$f" bs=1 seek=9 conv=notrunc 2>/dev/null; basename "$f"`;
    const file = (await lab.onNode(master, spoil)).trim();
    const { status } = await restore('ckpt-damaged', 1);
    expect(status.state).toBe('Failed');
    expect(status.error?.message).toContain(`'redis/${file}' is not what was written`);
    expect(status.restoredPods ?? []).toEqual([]);
  });

  it('goes from the store with its object', async () => {
    await lab.kubectl(['delete', 'podmigration', 'ckpt-copies', '--timeout=60s']);
    await lab.kubectl([
      'delete',
      'podcheckpoints',
      ...(await checkpoints()).map(({ metadata }) => metadata.name),
      '--timeout=60s',
    ]);
    expect(await onStore()).toEqual([]);
  });
});

describe('a held checkpoint', () => {
  const pod = 'ckpt-held';

  it('keeps the pod frozen until it is aborted, also when the agent is restarted, and not for ever', async () => {
    await lab.startPod(pod, 'tick', here as string);
    const before = await lab.tick(pod);
    const uid = await lab.kubectl(['get', 'pod', pod, '-o', 'jsonpath={.metadata.uid}']);
    const page = `/api/v1/namespaces/${lab.namespace}/pods/${pod}:8080/proxy/`;
    const answers = async () =>
      (await lab.tryKubectl(['get', '--raw', page, '--request-timeout=2s'])).exitCode === 0;
    expect(await answers()).toBe(true);
    const request = {
      source: { namespace: lab.namespace, pod, podUid: uid },
      containers: ['tick'],
      path: '.podferry/held/ckpt-held',
      images: { tick: lab.outputs.apps.image.tick },
      hold: true,
      deadlineMs: 120_000,
    };
    expect((await askAgent(`checkpoints/${uid}`, request)).state).toBe('held');
    expect(await answers()).toBe(false);
    await lab.onNode(here as string, 'systemctl restart podferry-agent');
    const again = () => askAgent(`checkpoints/${uid}`, request).catch(() => undefined);
    const known = await lab.until('the agent is back', again, (record) => record !== undefined);
    expect(known?.state).toBe('held');
    expect((await askAgent(`checkpoints/${uid}/keep`, {})).state).toBe('kept');
    expect(await answers()).toBe(false);
    expect((await askAgent(`checkpoints/${uid}/abort`, { reason: 'enough' })).state).toBe('complete');
    const countsOn = (count: number) =>
      lab.until(
        'it counts on',
        () => lab.tick(pod),
        (now) => now.count > count,
      );
    const after = await countsOn(before.count);
    expect(after.startedAt).toBe(before.startedAt);
    const unkept = `${uid}-unkept`;
    await askAgent(`checkpoints/${unkept}`, { ...request, deadlineMs: 5000 });
    expect((await countsOn(after.count)).startedAt).toBe(before.startedAt);
    const over = await askAgent(`checkpoints/${unkept}`, request);
    expect(over).toMatchObject({ state: 'failed', failure: { step: 'deadline' } });
    await lab.onNode(master, `${ROOT}; rm -rf "$root/.podferry/held/ckpt-held"`);
    await lab.removePods(pod);
  }, 300_000);
});

/** Asks the first worker's agent as the operator would. */
async function askAgent(path: string, body: object): Promise<z.infer<typeof checkpointRecord>> {
  const secret = async (key: string) => {
    const template = `{.data.${key.replace('.', '\\.')}}`;
    const args = ['get', 'secret', 'podferry-operator-tls', '-n', lab.outputs.operator.namespace];
    return lab.kubectl([...args, '-o', `jsonpath=${template}`]);
  };
  const address = lab.outputs.nodes.find(({ name }) => name === here)?.address;
  const [ca, cert, key] = await Promise.all(['ca.crt', 'tls.crt', 'tls.key'].map(secret));
  const script = `d=$(mktemp -d); trap 'rm -rf "$d"' EXIT; cd "$d"
read ca; read cert; read key; read body
echo "$ca" | base64 -d >ca; echo "$cert" | base64 -d >cert; echo "$key" | base64 -d >key
curl -sS --max-time 90 --cacert ca --cert cert --key key -H 'content-type: application/json' -d "$body" https://${address}:9460/v1/${path}`;
  const answer = await lab.onNode(master, script, `${ca}\n${cert}\n${key}\n${JSON.stringify(body)}\n`);
  return checkpointRecord.parse(JSON.parse(answer));
}
