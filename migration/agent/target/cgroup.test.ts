import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cgroupOf } from './cgroup.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'podferry-cgroup-'));
});
afterEach(() => rm(root, { recursive: true }));

it('lies in the freezer with version 1', () =>
  expect(cgroupOf('/kubepods/pod1/c1', root)).toEqual({
    version: 1,
    path: path.join(root, 'freezer/kubepods/pod1/c1'),
  }));

it('lies below the root with version 2', async () => {
  await writeFile(path.join(root, 'cgroup.controllers'), 'cpu memory\n');
  expect(cgroupOf('/kubepods/pod1/c1', root)).toEqual({
    version: 2,
    path: path.join(root, 'kubepods/pod1/c1'),
  });
});

it('lies in a scope below nested slices with systemd', async () => {
  await writeFile(path.join(root, 'cgroup.controllers'), 'cpu memory\n');
  expect(cgroupOf('kubepods-besteffort-pod1.slice:cri-containerd:c1', root).path).toBe(
    path.join(
      root,
      'kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/cri-containerd-c1.scope',
    ),
  );
});

it('has to be there', () => expect(() => cgroupOf(undefined, root)).toThrow(/no cgroup/));
