import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RestoreRequest } from '../../contract/agent-api.ts';
import { Records } from '../records.ts';
import { packState } from '../source/archive.ts';
import { MountStore } from '../store/mount-store.ts';
import { storePath } from '../store/path.ts';
import { BLOCK, makeHeader, padding, TYPE } from '../tar/header.ts';
import { type TargetDocument, targetDocument } from './record.ts';
import { Targets } from './targets.ts';

const ID = 'aaaaaaaa-1111';
const POD = '11111111-2222-3333-4444-555555555555';
const STATE = storePath('.podferry/migrations/x/state.tar');

let dir: string;
let store: MountStore;
let records: Records<TargetDocument>;
let restore: RestoreRequest;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-targets-'));
  for (const folder of ['store/.podferry/migrations/x', 'bundles/c-1/rootfs/etc', 'bundles/sandbox', 'pods'])
    await mkdir(path.join(dir, folder), { recursive: true });
  await writeFile(path.join(dir, 'bundles/c-1/rootfs/etc/passwd'), 'of the image');
  store = new MountStore(path.join(dir, 'store'));
  records = new Records(path.join(dir, 'records'), targetDocument);
  await config('sandbox', { hostname: 'tick-migration-1' });
  await config('c-1', { annotations: { 'podferry.dev/migration': ID } });
  restore = await putState();
});
afterEach(() => rm(dir, { recursive: true, maxRetries: 5 }));

async function config(id: string, { annotations = {}, hostname = '' }): Promise<void> {
  const cri = {
    'io.kubernetes.cri.container-type': id === 'sandbox' ? 'sandbox' : 'container',
    'io.kubernetes.cri.sandbox-uid': POD,
    'io.kubernetes.cri.sandbox-id': 'sandbox',
    'io.kubernetes.cri.container-name': 'main',
  };
  const mounts = [{ destination: '/dev/shm', source: path.join(dir, 'shm') }];
  const text = JSON.stringify({ hostname, mounts, annotations: { ...cri, ...annotations } });
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

/** A state as a source packs it, on the store. */
async function putState(): Promise<RestoreRequest> {
  const staging = path.join(dir, 'packing');
  await mkdir(path.join(staging, 'image'), { recursive: true });
  await writeFile(path.join(staging, 'image/pages-1.img'), 'memory');
  await writeFile(path.join(staging, 'image/utsns-1.img'), utsImage());
  await writeFile(path.join(staging, 'rw.tar'), layer({ 'etc/.wh.passwd': '', 'etc/new': 'written' }));
  await writeFile(path.join(staging, 'shm.tar'), layer({ x: 'shared' }));
  await mkdir(path.join(dir, 'shm'), { recursive: true });
  const archive = path.join(dir, 'state.tar');
  await packState(staging, archive);
  await store.put(archive, STATE, 5000);
  const packed = await readFile(archive);
  const sha256 = createHash('sha256').update(packed).digest('hex');
  return {
    transport: 'store',
    path: STATE,
    bytes: packed.length,
    sha256,
    container: 'main',
    deadlineMs: 10_000,
  };
}

function targets(): Targets {
  const places = {
    imagesDir: path.join(dir, 'images'),
    logDir: path.join(dir, 'log'),
    kubeletPods: path.join(dir, 'pods'),
  };
  return new Targets(records, store, places, pino({ level: 'silent' }));
}
const ask = (all: Targets) => all.create('c-1', path.join(dir, 'bundles/c-1'), process.pid);

async function tasksRun(): Promise<void> {
  const file = path.join(dir, 'bundles/c-1/init.pid');
  await writeFile(`${file}.new`, String(process.pid));
  await rename(`${file}.new`, file);
}

describe('a state that arrives', () => {
  it('is unpacked and made to fit the new pod before the runtime is let go', async () => {
    const all = targets();
    await all.load();
    const asked = ask(all);
    expect(await all.get(ID, new Set(['waiting']), 2000)).toMatchObject({ state: 'waiting', podUid: POD });
    const restored = all.restore(ID, restore);
    const answer = await asked;
    if (answer.verdict !== 'restore') throw new Error(JSON.stringify(answer));
    expect(await readFile(path.join(answer.imageDir, 'pages-1.img'), 'utf8')).toBe('memory');
    expect((await readFile(path.join(answer.imageDir, 'utsns-1.img'))).toString('latin1')).toContain(
      'tick-migration-1',
    );
    const inRoot = (name: string) => readFile(path.join(dir, 'bundles/c-1/rootfs', name), 'utf8');
    expect(await inRoot('etc/new')).toBe('written');
    await expect(inRoot('etc/passwd')).rejects.toThrow(/ENOENT/);
    expect(await readFile(path.join(dir, 'shm/x'), 'utf8')).toBe('shared');
    await tasksRun();
    all.started('c-1');
    expect(await restored).toMatchObject({ state: 'restored', failure: null });
  });

  it.each([
    ['another hash', { sha256: '0'.repeat(64) }],
    ['another size', { bytes: 7 }],
    ['another place', { path: '.podferry/migrations/y/state.tar' }],
    ['a path out of the store', { path: '../../etc/passwd' }],
  ])('is not used when the source told of %s', async (_what, change) => {
    const all = targets();
    await all.load();
    const asked = ask(all);
    await all.get(ID, new Set(['waiting']), 2000);
    expect(await all.restore(ID, { ...restore, ...change })).toMatchObject({ state: 'failed' });
    expect(await asked).toMatchObject({ verdict: 'refuse' });
    expect(await ask(all)).toMatchObject({ verdict: 'refuse' });
  });

  it('is not fetched when there is no room for it', async () => {
    const all = targets();
    await all.load();
    const asked = ask(all);
    await all.get(ID, new Set(['waiting']), 2000);
    const failed = await all.restore(ID, { ...restore, bytes: 2 ** 50 });
    expect(failed).toMatchObject({ state: 'failed', failure: { step: 'space' } });
    expect(await asked).toMatchObject({ verdict: 'refuse' });
  });
});

describe('records', () => {
  it('let a restarted container of a moved pod start fresh, after a restart of the agent as well', async () => {
    await mkdir(path.join(dir, 'pods', POD));
    const first = targets();
    await first.load();
    const asked = ask(first);
    await first.get(ID, new Set(['waiting']), 2000);
    const restored = first.restore(ID, restore);
    await asked;
    await tasksRun();
    first.started('c-1');
    await restored;
    // The record is written right after the answer.
    const file = path.join(dir, 'records', `${ID}.json`);
    await expect.poll(() => readFile(file, 'utf8'), { timeout: 4000 }).toContain('"state":"restored"');
    const later = targets();
    await later.load();
    expect(await ask(later)).toEqual({ verdict: 'pass' });
  });

  it('of pods that are gone are forgotten', async () => {
    await mkdir(path.join(dir, 'pods', POD));
    const all = targets();
    await all.load();
    void ask(all);
    await all.get(ID, new Set(['waiting']), 2000);
    await all.abort(ID, 'over', 10);
    await targets().load();
    expect(await records.load()).toHaveLength(1);
    await rm(path.join(dir, 'pods', POD), { recursive: true });
    await targets().load();
    expect(await records.load()).toEqual([]);
  });
});

describe('a container that is none of ours', () => {
  it('starts as usual', async () => {
    await config('c-1', {});
    expect(await ask(targets())).toEqual({ verdict: 'pass' });
  });

  it('does not start with annotations that contradict each other', async () => {
    await config('c-1', { annotations: { 'podferry.dev/migration': ID, 'podferry.dev/checkpoint': 'x' } });
    await expect(ask(targets())).rejects.toThrow(/both/);
  });

  it('is refused when there is no such checkpoint, and may ask again', async () => {
    await config('c-1', { annotations: { 'podferry.dev/checkpoint': 'nothing' } });
    const all = targets();
    await all.load();
    expect(await ask(all)).toMatchObject({ verdict: 'refuse' });
    expect(await all.get(POD, new Set(), 0)).toMatchObject({ state: 'absent', failure: { step: 'fetch' } });
    expect(await records.load()).toEqual([]);
  });
});
