import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RestoreRequest, StreamQuery } from '../../contract/agent-api.ts';
import { readBundle } from '../bundle.ts';
import { Records } from '../records.ts';
import { packState } from '../source/archive.ts';
import { MountStore } from '../store/mount-store.ts';
import { storePath } from '../store/path.ts';
import { StateSender } from '../stream/sender.ts';
import { BLOCK, makeHeader, padding, TYPE } from '../tar/header.ts';
import { FakeNetwork } from '../testing/fake-network.ts';
import { type TargetDocument, targetDocument } from './record.ts';
import { Targets } from './targets.ts';

const ID = 'aaaaaaaa-1111';
const POD = '11111111-2222-3333-4444-555555555555';
const STATE = storePath('.podferry/migrations/x/state.tar');
const CONTAINERS = ['app', 'web'];

let dir: string;
let store: MountStore;
let records: Records<TargetDocument>;
/** Stands for the wrapper that waits, then for runc; an abort kills it. */
let runtime: ChildProcess;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-targets-'));
  const folders = ['bundles/c-app/rootfs/etc', 'bundles/c-web/rootfs', 'bundles/c-init', 'bundles/sandbox'];
  for (const folder of [...folders, 'store/.podferry/migrations/x', 'shm', volume(''), 'run'])
    await mkdir(path.join(dir, folder), { recursive: true });
  await writeFile(path.join(dir, 'bundles/c-app/rootfs/etc/passwd'), 'of the image');
  await writeFile(path.join(dir, 'termination-log'), '');
  await writeFile(path.join(dir, 'runc.conf'), 'cpu-cap ins\n');
  runtime = spawn('sleep', ['60']);
  await new Promise((resolve) => runtime.once('spawn', resolve));
  store = new MountStore(path.join(dir, 'store'));
  records = new Records(path.join(dir, 'records'), targetDocument);
  await writeConfig('sandbox', '');
  await writeConfigs({ 'podferry.dev/migration': ID, 'podferry.dev/containers': CONTAINERS.join() });
});
afterEach(async () => {
  runtime.kill('SIGKILL');
  await rm(dir, { recursive: true, maxRetries: 5 });
});

const volume = (name: string): string => `pods/${POD}/volumes/kubernetes.io~empty-dir/cache/${name}`;

async function writeConfigs(annotations: Record<string, string>): Promise<void> {
  for (const name of ['init', ...CONTAINERS]) await writeConfig(`c-${name}`, name, annotations);
}

async function writeConfig(
  id: string,
  name: string,
  annotations: Record<string, string> = {},
): Promise<void> {
  const cri = {
    'io.kubernetes.cri.container-type': id === 'sandbox' ? 'sandbox' : 'container',
    'io.kubernetes.cri.sandbox-uid': POD,
    'io.kubernetes.cri.sandbox-namespace': 'default',
    'io.kubernetes.cri.sandbox-id': 'sandbox',
    'io.kubernetes.cri.container-name': name,
    'io.kubernetes.cri.image-name': `image-of-${name}`,
  };
  const log = path.join(dir, `pods/${POD}/containers/${name}/a1b2`);
  const mounts = [
    { destination: '/dev/shm', source: path.join(dir, 'shm') },
    { destination: '/dev/termination-log', source: log },
  ];
  await mkdir(path.dirname(log), { recursive: true });
  const text = JSON.stringify({
    hostname: 'new-pod',
    mounts,
    linux: { cgroupsPath: `/podferry-test/${id}` },
    annotations: { ...cri, ...annotations },
  });
  await writeFile(path.join(dir, 'bundles', id, 'config.json'), text);
}

function layer(files: Record<string, string>): Buffer {
  const parts = Object.entries(files).flatMap(([name, body]) => [
    makeHeader({ name, type: TYPE.file, size: body.length }),
    Buffer.from(body),
    Buffer.alloc(padding(body.length)),
  ]);
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

/** As CRIU writes it for a pod called `tick`: magic, length, nodename, domainname. */
function utsImage(): Buffer {
  const entry = Buffer.from('\x0a\x04tick\x12\x06(none)', 'latin1');
  const head = Buffer.from('194356540332475400000000', 'hex');
  head.writeUInt32LE(entry.length, 8);
  return Buffer.concat([head, entry]);
}

/** The state of a pod with two containers, by its paths. */
const state = (): Record<string, Buffer> => ({
  'app/image/pages-1.img': Buffer.from('memory of app'),
  'app/image/utsns-1.img': utsImage(),
  'app/rw.tar': layer({ 'etc/.wh.passwd': '', 'etc/new': 'written' }),
  'app/termination-log': Buffer.from('so far so good'),
  'web/image/pages-1.img': Buffer.from('memory of web'),
  '_pod/shm.tar': layer({ x: 'shared' }),
  '_pod/volume-cache.tar': layer({ kept: 'cached' }),
});

/** How a state comes to a target. */
type Transport = (all: Targets, files: Record<string, Buffer>) => Promise<unknown>;

const byStream: Transport = async (all, files) => {
  const body = new PassThrough();
  const query: StreamQuery = {
    containers: CONTAINERS,
    compression: 'none',
    bytes: 0,
    ahead: false,
    deadlineMs: 10_000,
  };
  const answer = all.stream(ID, query, body, () => undefined);
  const sender = new StateSender(body);
  for (const [name, content] of Object.entries(files)) await sender.write(name, Readable.from([content]));
  await sender.finish();
  return answer;
};

const byStore: Transport = async (all, files) => all.restore(ID, await putState(files));

/** Puts a state on the store as a source packs it. */
async function putState(files: Record<string, Buffer>): Promise<RestoreRequest> {
  const staging = path.join(dir, 'packing');
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(staging, name)), { recursive: true });
    await writeFile(path.join(staging, name), content);
  }
  const archive = path.join(dir, 'state.tar');
  await packState(staging, archive);
  await store.put(archive, STATE, 5000);
  const packed = await readFile(archive);
  const sha256 = createHash('sha256').update(packed).digest('hex');
  const request = { transport: 'store', path: STATE, bytes: packed.length, sha256 } as const;
  return { ...request, containers: CONTAINERS, deadlineMs: 10_000 };
}

const network = new FakeNetwork();

/** As an agent has them after its start. */
async function targets(): Promise<Targets> {
  const places = {
    imagesDir: path.join(dir, 'images'),
    logDir: path.join(dir, 'log'),
    runDir: path.join(dir, 'run'),
    kubeletPods: path.join(dir, 'pods'),
    criuConfig: path.join(dir, 'runc.conf'),
  };
  const all = new Targets(records, store, network, places, pino({ level: 'silent' }));
  await all.load();
  return all;
}

const bundle = (name: string): string => path.join(dir, 'bundles', `c-${name}`);
const ask = async (all: Targets, name: string) =>
  all.create(`c-${name}`, await readBundle(bundle(name)), runtime.pid ?? 0);
const read = (...names: string[]) => readFile(path.join(dir, ...names), 'utf8');
const whenState = (all: Targets, state: TargetDocument['state']) => all.get(ID, new Set([state]), 3000);

/** runc has restored a container, and the shim calls `start`. */
async function restored(name: string): Promise<void> {
  const file = path.join(bundle(name), 'init.pid');
  await writeFile(`${file}.new`, String(process.pid));
  await rename(`${file}.new`, file);
  await writeFile(path.join(dir, 'run/started', `c-${name}`), '');
}

/** Lets the pod's containers ask one after another, as the kubelet does, up to `staged`. */
async function stage(all: Targets, transport: Transport, files = state()): Promise<void> {
  const first = ask(all, 'app');
  await whenState(all, 'waiting');
  const answer = transport(all, files);
  expect(await first).toMatchObject({ verdict: 'restore' });
  await restored('app');
  expect(await ask(all, 'web')).toMatchObject({ verdict: 'restore' });
  await restored('web');
  expect(await answer).toMatchObject({ state: 'staged', podUid: POD, failure: null });
}

describe.each([
  ['a stream', byStream],
  ['the store', byStore],
])('a state that arrives by %s', (_name, transport) => {
  it('is put into its places before the containers that need it are restored', async () => {
    const all = await targets();
    const first = ask(all, 'app');
    await whenState(all, 'waiting');
    const answer = transport(all, state());
    const told = await first;
    if (told.verdict !== 'restore') throw new Error(JSON.stringify(told));
    expect(await readFile(path.join(told.imageDir, 'pages-1.img'), 'utf8')).toBe('memory of app');
    expect(await readFile(path.join(told.imageDir, 'utsns-1.img'), 'latin1')).toContain('new-pod');
    expect(await read('bundles/c-app/rootfs/etc/new')).toBe('written');
    await expect(read('bundles/c-app/rootfs/etc/passwd')).rejects.toThrow(/ENOENT/);
    expect(await read('shm/x')).toBe('shared');
    expect(await read(volume('kept'))).toBe('cached');
    expect(await read(`pods/${POD}/containers/app/a1b2`)).toBe('so far so good');
    await restored('app');
    const second = await ask(all, 'web');
    if (second.verdict !== 'restore') throw new Error(JSON.stringify(second));
    expect(await readFile(path.join(second.imageDir, 'pages-1.img'), 'utf8')).toBe('memory of web');
    await restored('web');
    expect(await answer).toMatchObject({ state: 'staged' });
    expect(await all.resume(ID)).toMatchObject({ state: 'restored' });
  });
});

it('a state is not used when it has a file that means nothing', async () => {
  const all = await targets();
  const first = ask(all, 'app');
  await whenState(all, 'waiting');
  const sent = byStream(all, { 'app/image/..x': Buffer.from('?') });
  expect(await first).toMatchObject({
    verdict: 'refuse',
    reason: expect.stringContaining("'app/image/..x'"),
  });
  expect(await sent).toMatchObject({ state: 'failed' });
});

describe('while it is restored, a container', () => {
  it('has options for CRIU that leave it stopped, and the plain ones as soon as it is', async () => {
    const all = await targets();
    const first = ask(all, 'app');
    await whenState(all, 'waiting');
    const answer = byStream(all, state());
    await first;
    const { annotations } = JSON.parse(await read('bundles/c-app/config.json'));
    expect(annotations['org.criu.config']).toBe(path.join(dir, 'run/criu/c-app.conf'));
    expect(await read('run/criu/c-app.conf')).toBe('cpu-cap ins\ntcp-close\nleave-stopped\n');
    await restored('app');
    await expect.poll(() => read('run/criu/c-app.conf')).toBe('cpu-cap ins\n');
    await all.abort(ID, 'enough');
    expect(await answer).toMatchObject({ state: 'refused' });
  });

  it('has the plain options again after the agent was killed', async () => {
    await mkdir(path.join(dir, 'run/criu'));
    await writeFile(path.join(dir, 'run/criu/c-app.conf'), 'tcp-close\nleave-stopped\n');
    await targets();
    expect(await read('run/criu/c-app.conf')).toBe('cpu-cap ins\n');
  });
});

describe('a state on the store', () => {
  it.each([
    ['another hash', { sha256: '0'.repeat(64) }],
    ['another size', { bytes: 7 }],
    ['another place', { path: '.podferry/migrations/y/state.tar' }],
    ['a path out of the store', { path: '../../etc/passwd' }],
  ])('is not used when the source told of %s', async (_what, change) => {
    const all = await targets();
    const asked = ask(all, 'app');
    await whenState(all, 'waiting');
    expect(await all.restore(ID, { ...(await putState(state())), ...change })).toMatchObject({
      state: 'failed',
    });
    expect(await asked).toMatchObject({ verdict: 'refuse' });
  });
});

it.each(['stream', 'store'])(
  'a state is not fetched by %s when there is no room for it',
  async (transport) => {
    const all = await targets();
    const asked = ask(all, 'app');
    await whenState(all, 'waiting');
    const query: StreamQuery = {
      containers: CONTAINERS,
      compression: 'none',
      bytes: 2 ** 50,
      ahead: false,
      deadlineMs: 10_000,
    };
    const failed =
      transport === 'stream'
        ? await all.stream(ID, query, Readable.from([]), () => undefined)
        : await all.restore(ID, { ...(await putState(state())), bytes: 2 ** 50 });
    expect(failed).toMatchObject({ state: 'failed', failure: { step: 'space' } });
    expect(await asked).toMatchObject({ verdict: 'refuse' });
  },
);

describe('records', () => {
  it('let a restarted container of a moved pod start fresh, after a restart of the agent as well', async () => {
    const first = await targets();
    await stage(first, byStream);
    await first.resume(ID);
    // The record is written once more right after the answer.
    await expect.poll(() => read('records', `${ID}.json`)).toContain('"resumed":true');
    expect(await ask(await targets(), 'app')).toEqual({ verdict: 'pass' });
  });

  it('leave nothing in memory of a state that an earlier agent received, also where it waits to be resumed', async () => {
    const first = await targets();
    await stage(first, byStream);
    const received = [`${ID}.target`, `${ID}.ahead`].map((name) => path.join(dir, 'images', name));
    for (const folder of received) await mkdir(folder, { recursive: true });
    expect(await (await targets()).get(ID, new Set(), 0)).toMatchObject({ state: 'staged' });
    expect(received.filter((folder) => existsSync(folder))).toEqual([]);
  });

  it('of pods that are gone are forgotten', async () => {
    const all = await targets();
    void ask(all, 'app');
    await whenState(all, 'waiting');
    await all.abort(ID, 'over');
    await targets();
    expect(await records.load()).toHaveLength(1);
    await rm(path.join(dir, 'pods', POD), { recursive: true });
    await targets();
    expect(await records.load()).toEqual([]);
  });
});

describe('a container', () => {
  it('that is none of ours starts as usual', async () => {
    await writeConfigs({});
    expect(await ask(await targets(), 'app')).toEqual({ verdict: 'pass' });
  });

  it('that has run to its end in the source becomes one that ends at once', async () => {
    expect(await ask(await targets(), 'init')).toEqual({ verdict: 'pass' });
    const { process, mounts } = JSON.parse(await read('bundles/c-init/config.json'));
    expect(process.args).toEqual(['/dev/.podferry/busybox', 'true']);
    expect(mounts).toContainEqual(expect.objectContaining({ destination: process.args[0], type: 'bind' }));
  });

  it('does not start with annotations that contradict each other', async () => {
    await writeConfigs({ 'podferry.dev/migration': ID, 'podferry.dev/checkpoint': 'x' });
    await expect(ask(await targets(), 'app')).rejects.toThrow(/both/);
  });

  it('is refused when there is no such checkpoint, and may ask again', async () => {
    await writeConfigs({ 'podferry.dev/checkpoint': 'nothing', 'podferry.dev/containers': 'app' });
    const all = await targets();
    expect(await ask(all, 'app')).toMatchObject({ verdict: 'refuse' });
    expect(await all.get(POD, new Set(), 0)).toMatchObject({ state: 'absent', failure: { step: 'fetch' } });
    expect(await records.load()).toEqual([]);
  });
});

describe('a checkpoint', () => {
  async function putCheckpoint(): Promise<void> {
    const files = [];
    for (const [name, content] of Object.entries(state())) {
      const stored = name.replace('/image/', '/');
      const file = path.join(dir, 'store/saved/pod', stored);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
      const sha256 = createHash('sha256').update(content).digest('hex');
      files.push({ path: stored, bytes: content.length, sha256 });
    }
    const manifest = {
      version: 2,
      createdAt: new Date().toISOString(),
      node: 'worker1',
      source: { namespace: 'default', pod: 'pod', podUid: 'somebody' },
      containers: CONTAINERS,
      images: { app: 'image-of-app', web: 'image-of-web' },
      files,
    };
    await writeFile(path.join(dir, 'store/saved/pod/podferry.json'), JSON.stringify(manifest));
  }

  it.each([
    [
      'podferry’s annotations',
      { 'podferry.dev/checkpoint': 'saved/pod', 'podferry.dev/containers': 'app,web' },
    ],
    [
      'the old contract’s, which name no containers',
      { snapshotPolicy: 'restore', snapshotPath: '/saved/pod' },
    ],
  ])('is restored, all its containers, for a pod with %s', async (_what, annotations) => {
    await putCheckpoint();
    await writeConfigs(annotations);
    const all = await targets();
    expect(await ask(all, 'app')).toMatchObject({ verdict: 'restore' });
    expect(await read(volume('kept'))).toBe('cached');
    await restored('app');
    expect(await ask(all, 'web')).toMatchObject({ verdict: 'restore' });
    await restored('web');
    expect(await all.get(POD, new Set(['restored']), 3000)).toMatchObject({ state: 'restored' });
  });

  it.each([
    ['that is not there', '/saved/nothing', /no checkpoint at '\/saved\/nothing'/],
    ['outside the store', '/saved/../../etc', /cannot be used/],
    ['of podferry’s own folder', '/.podferry/migrations/x', /not for checkpoints/],
    ['of no name', '', /not for checkpoints/],
    ['behind a link', '/link/pod', /no directory/],
  ])('%s is refused to a pod of the old contract', async (_what, snapshotPath, reason) => {
    await putCheckpoint();
    await symlink(path.join(dir, 'store/saved'), path.join(dir, 'store/link'));
    await writeConfigs({ snapshotPolicy: 'restore', snapshotPath });
    await expect(ask(await targets(), 'app')).rejects.toThrow(reason);
  });

  it('of another image or other containers is refused to a pod of the old contract', async () => {
    await putCheckpoint();
    const annotations = { snapshotPolicy: 'restore', snapshotPath: '/saved/pod' };
    await writeConfig('c-app', 'app', { ...annotations, 'io.kubernetes.cri.image-name': 'another' });
    await expect(ask(await targets(), 'app')).rejects.toThrow(
      /was of image image-of-app, this pod’s is another/,
    );
    await writeConfig('c-init', 'stranger', annotations);
    await expect(ask(await targets(), 'init')).rejects.toThrow(/holds app, web, and no container stranger/);
  });

  it.each([
    [
      'podferry’s annotations',
      { 'podferry.dev/checkpoint': 'saved/pod', 'podferry.dev/containers': 'app,web' },
    ],
    ['the old contract’s', { snapshotPolicy: 'restore', snapshotPath: '/saved/pod' }],
  ])(
    'of another namespace is refused to a pod with %s, and nothing of it arrives',
    async (_what, annotations) => {
      await putCheckpoint();
      await writeConfig('c-app', 'app', { ...annotations, 'io.kubernetes.cri.sandbox-namespace': 'shop' });
      const all = await targets();
      const answer = await ask(all, 'app').catch((error: Error) => ({
        verdict: 'refuse',
        reason: error.message,
      }));
      expect(answer).toMatchObject({
        verdict: 'refuse',
        reason: expect.stringContaining("'/saved/pod' belongs to namespace default, not to shop"),
      });
      await expect(read(volume('kept'))).rejects.toThrow(/ENOENT/);
    },
  );

  it('that was damaged is not used', async () => {
    await putCheckpoint();
    await writeFile(path.join(dir, 'store/saved/pod/web/pages-1.img'), 'memory of cow');
    await writeConfigs({ 'podferry.dev/checkpoint': 'saved/pod', 'podferry.dev/containers': 'app,web' });
    const all = await targets();
    expect(await ask(all, 'app')).toMatchObject({
      verdict: 'refuse',
      reason: expect.stringContaining('web/pages-1.img'),
    });
    await expect(read(volume('kept'))).rejects.toThrow(/ENOENT/);
  });
});
