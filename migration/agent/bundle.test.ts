import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changeConfig, originOf, readBundle, sandboxHostName } from './bundle.ts';

const UID = '11111111-2222-3333-4444-555555555555';
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-bundle-'));
});
afterEach(() => rm(dir, { recursive: true }));

async function write(id: string, config: object): Promise<string> {
  await mkdir(path.join(dir, id));
  await writeFile(path.join(dir, id, 'config.json'), JSON.stringify(config));
  return path.join(dir, id);
}
const cri = (type: string, more: Record<string, string> = {}) => ({
  'io.kubernetes.cri.container-type': type,
  'io.kubernetes.cri.sandbox-uid': UID,
  'io.kubernetes.cri.sandbox-namespace': 'shop',
  'io.kubernetes.cri.sandbox-id': 'sandbox',
  'io.kubernetes.cri.container-name': 'main',
  'io.kubernetes.cri.image-name': 'tick:1',
  ...more,
});

describe('readBundle', () => {
  it('knows container, pod, image, shared memory and where the state comes from', async () => {
    const mounts = [
      { destination: '/proc', source: 'proc' },
      { destination: '/dev/shm', source: '/run/shm' },
      { destination: '/etc/hosts', source: `/var/lib/kubelet/pods/${UID}/etc-hosts` },
      { destination: '/my/message', source: `/var/lib/kubelet/pods/${UID}/containers/main/0a1b2c3d` },
    ];
    const annotations = cri('container', { 'podferry.dev/migration': 'aaaaaaaa-1' });
    await write('sandbox', { hostname: 'tick-2', annotations: cri('sandbox') });
    const bundle = await readBundle(await write('c-1', { mounts, annotations }));
    expect(bundle).toMatchObject({ podUid: UID, namespace: 'shop', container: 'main', image: 'tick:1' });
    expect(bundle.shmDir).toBe('/run/shm');
    expect(bundle.terminationLog).toBe(`/var/lib/kubelet/pods/${UID}/containers/main/0a1b2c3d`);
    expect(bundle.origin).toEqual({ kind: 'move', id: 'aaaaaaaa-1' });
    expect(await sandboxHostName(bundle)).toBe('tick-2');
  });

  it('lets sandboxes start as usual, though they carry the pod’s annotations', async () => {
    const annotations = cri('sandbox', { 'podferry.dev/migration': 'aaaaaaaa-1' });
    expect((await readBundle(await write('sandbox', { annotations }))).origin).toBeUndefined();
  });

  it('lets containers of other pods start as usual', async () => {
    expect((await readBundle(await write('c-1', { annotations: cri('container') }))).origin).toBeUndefined();
  });
});

describe('what waits for a container', () => {
  const annotations = cri('container', {
    'podferry.dev/migration': 'aaaaaaaa-1',
    'podferry.dev/containers': 'proxy,main',
    'podferry.dev/post-start': '{"main":["sh","-c","true"]}',
  });

  it('is known by the pod’s annotations', async () => {
    const linux = {
      cgroupsPath: '/kubepods/c-1',
      namespaces: [{ type: 'pid' }, { type: 'network', path: '/var/run/netns/cni-1' }],
    };
    expect(await readBundle(await write('c-1', { linux, annotations }))).toMatchObject({
      restoredContainers: ['proxy', 'main'],
      postStart: ['sh', '-c', 'true'],
      networkNamespace: '/var/run/netns/cni-1',
      cgroupsPath: '/kubepods/c-1',
    });
  });

  it('is not guessed at', async () => {
    const broken = { ...annotations, 'podferry.dev/post-start': '{"main":"true"}' };
    await expect(readBundle(await write('c-1', { annotations: broken }))).rejects.toThrow();
  });
});

describe('changeConfig', () => {
  it('changes what it is told to, and keeps numbers that are none in JavaScript', async () => {
    const dir = await write('c-1', {});
    const limits = '"rlimits":[18446744073709551615,-9223372036854775808,1024],"text":"18446744073709551615"';
    await writeFile(path.join(dir, 'config.json'), `{${limits}}`);
    await changeConfig(dir, (config) => ({ ...config, annotations: { added: 'yes' } }));
    const text = await readFile(path.join(dir, 'config.json'), 'utf8');
    expect(text).toContain(limits);
    expect(text).toContain('"added":"yes"');
  });
});

describe('originOf', () => {
  it.each([
    [{ 'podferry.dev/checkpoint': 'a/redis' }, 'a/redis'],
    [{ snapshotPolicy: 'restore', snapshotPath: '/a/redis' }, '/a/redis'],
  ])('takes a checkpoint from %j', (annotations, where) => {
    expect(originOf(annotations, UID)).toEqual({ kind: 'checkpoint', id: UID, path: where });
  });

  it.each([
    { snapshotPolicy: '', snapshotPath: '' },
    { snapshotPolicy: 'checkpoint', snapshotPath: '/a' },
    {},
  ])('takes nothing from %j', (annotations) => expect(originOf(annotations, UID)).toBeUndefined());

  it('refuses a pod that asks for two states', () => {
    const annotations = { 'podferry.dev/migration': 'aaaaaaaa-1', 'podferry.dev/checkpoint': 'a' };
    expect(() => originOf(annotations, UID)).toThrow(/both/);
  });

  it('refuses an id that is none', () => {
    expect(() => originOf({ 'podferry.dev/migration': '../x' }, UID)).toThrow();
  });
});
