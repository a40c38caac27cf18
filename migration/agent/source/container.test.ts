import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processStartTime } from '../process.ts';
import { findContainers } from './container.ts';
import { findUpper } from './layer.ts';

const REF = { namespace: 'default', pod: 'tick', podUid: 'uid-1' };
let root: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'podferry-runc-'));
});
afterEach(() => rm(root, { recursive: true }));

interface Given {
  type?: string;
  uid?: string;
  name?: string;
  start?: number;
  cgroups?: Record<string, string>;
}

async function state(id: string, given: Given = {}): Promise<void> {
  const { type = 'container', uid = 'uid-1', name = 'main' } = given;
  const labels = [
    `bundle=/run/bundles/${id}`,
    `io.kubernetes.cri.container-type=${type}`,
    `io.kubernetes.cri.sandbox-uid=${uid}`,
    `io.kubernetes.cri.container-name=${name}`,
  ];
  await mkdir(path.join(root, id));
  const text = JSON.stringify({
    id,
    init_process_pid: process.pid,
    init_process_start: given.start ?? (await processStartTime(process.pid)),
    cgroup_paths: given.cgroups ?? { freezer: '/freezer/x', memory: '/memory/x' },
    config: { labels },
  });
  await writeFile(path.join(root, id, 'state.json'), text);
}

describe('findContainers', () => {
  it('finds the container among sandboxes, other pods and other containers', async () => {
    await state('sandbox', { type: 'sandbox' });
    await state('other-pod', { uid: 'uid-2' });
    await state('sidecar', { name: 'sidecar' });
    await state('wanted');
    expect(await findContainers(REF, ['main'], root)).toEqual([
      {
        name: 'main',
        id: 'wanted',
        bundle: '/run/bundles/wanted',
        initPid: process.pid,
        cgroup: { version: 1, path: '/freezer/x' },
        memoryCgroup: '/memory/x',
      },
    ]);
  });

  it('gives several in the order in which they are named', async () => {
    await state('one');
    await state('two', { name: 'sidecar' });
    for (const names of [
      ['main', 'sidecar'],
      ['sidecar', 'main'],
    ])
      expect((await findContainers(REF, names, root)).map(({ name }) => name)).toEqual(names);
  });

  it('takes the one that lives of several with one name', async () => {
    await state('dead', { start: 1 });
    await state('alive');
    expect(await findContainers(REF, ['main'], root)).toMatchObject([{ id: 'alive' }]);
  });

  it('knows cgroup version 2', async () => {
    await state('wanted', { cgroups: { '': '/sys/fs/cgroup/pod/x' } });
    const cgroup = { version: 2, path: '/sys/fs/cgroup/pod/x' };
    const memoryCgroup = '/sys/fs/cgroup/pod/x';
    expect(await findContainers(REF, ['main'], root)).toMatchObject([{ cgroup, memoryCgroup }]);
  });

  it('says what it did not find', async () => {
    await state('dead', { start: 1 });
    await state('sidecar', { name: 'sidecar' });
    await expect(findContainers(REF, ['sidecar', 'main'], root)).rejects.toThrow(
      'container main of pod default/tick does not run here',
    );
    await expect(findContainers(REF, ['main'], path.join(root, 'nothing'))).rejects.toMatchObject({
      step: 'find',
    });
  });
});

describe('findUpper', () => {
  const overlay = (where: string, upper: string) =>
    `overlay ${where} overlay rw,relatime,lowerdir=/l1:/l2,upperdir=${upper},workdir=/w 0 0`;

  it('finds the upper directory of a mount point', () => {
    const mounts = [
      'proc /proc proc rw 0 0',
      overlay('/b/1/rootfs', '/up/1'),
      overlay('/b/2/rootfs', '/up/2'),
    ];
    expect(findUpper(mounts.join('\n'), '/b/2/rootfs')).toBe('/up/2');
  });

  it('takes the mount on top, and reads escaped names', () => {
    const mounts = [overlay('/b/1', '/old'), overlay('/b/1', '/new\\040name')];
    expect(findUpper(mounts.join('\n'), '/b/1')).toBe('/new name');
  });

  it('finds none where no overlay is mounted', () => {
    expect(findUpper('tmpfs /b/1 tmpfs rw 0 0', '/b/1')).toBeUndefined();
    expect(findUpper('overlay /b/1 overlay ro,lowerdir=/l 0 0', '/b/1')).toBeUndefined();
  });
});
