import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freezePod, refuseStopped } from './freeze-pod.ts';
import type { FoundContainer, FoundPod } from './pod.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-freeze-'));
});
afterEach(() => rm(dir, { recursive: true }));

/** A cgroup of version 1 says that it is frozen as soon as that was written to it; one of version 2 never does here. */
async function container(name: string, version: 1 | 2): Promise<FoundContainer> {
  const cgroup = { version, path: path.join(dir, name) };
  await mkdir(cgroup.path);
  await writeFile(path.join(cgroup.path, 'freezer.state'), 'THAWED\n');
  await writeFile(path.join(cgroup.path, 'cgroup.freeze'), '0\n');
  await writeFile(path.join(cgroup.path, 'cgroup.events'), 'frozen 0\n');
  await writeFile(path.join(cgroup.path, 'cgroup.procs'), '');
  const rest = {
    bundle: '/b',
    initPid: 1,
    memoryCgroup: undefined,
    cpusetCgroup: undefined,
    upper: '/u',
    terminationLog: undefined,
  };
  return { name, id: name, cgroup, ...rest };
}

const pod = (...containers: FoundContainer[]): FoundPod => ({
  containers,
  volumes: [],
  shmDir: undefined,
  memoryBytes: 0,
  connections: 'close',
  dumps: new Map(),
});
const said = (name: string) => readFile(path.join(dir, name, 'freezer.state'), 'utf8');

describe('freezePod', () => {
  it('freezes every container', async () => {
    await freezePod(pod(await container('main', 1), await container('sidecar', 1)));
    expect([await said('main'), await said('sidecar')]).toEqual(['FROZEN', 'FROZEN']);
  });

  it('thaws all when one does not freeze', async () => {
    const both = pod(await container('main', 1), await container('stuck', 2));
    await expect(freezePod(both, 20)).rejects.toMatchObject({ step: 'freeze' });
    expect(await said('main')).toBe('THAWED');
    expect(await readFile(path.join(dir, 'stuck', 'cgroup.freeze'), 'utf8')).toBe('0');
  });

  it('touches nothing when a process is stopped', async () => {
    const child = spawn('sleep', ['60']);
    await new Promise((resolve) => child.once('spawn', resolve));
    const main = await container('main', 1);
    await writeFile(path.join(main.cgroup.path, 'cgroup.procs'), `${process.pid}\n${child.pid}\n`);
    child.kill('SIGSTOP');
    await vi.waitFor(() =>
      expect(freezePod(pod(main))).rejects.toThrow(
        `process ${child.pid} (sleep) of container main is stopped`,
      ),
    );
    await writeFile(path.join(main.cgroup.path, 'freezer.state'), 'THAWED\n');
    await expect(freezePod(pod(main))).rejects.toMatchObject({ step: 'freeze' });
    expect(await said('main')).toBe('THAWED\n');
    child.kill('SIGCONT');
    await vi.waitFor(() => freezePod(pod(main)));
    child.kill('SIGKILL');
  });
});

describe('refuseStopped', () => {
  it.each([
    ['T (stopped)', true],
    ['t (tracing stop)', true],
    ['S (sleeping)', false],
    ['R (running)', false],
  ])('looks at the state: %s', async (state, refused) => {
    await mkdir(path.join(dir, '71'));
    await writeFile(path.join(dir, '71/status'), `Name:\tmy server\nUmask:\t0022\nState:\t${state}\n`);
    const look = () => refuseStopped('main', [71, 72], dir);
    if (refused) expect(look).toThrow('process 71 (my server) of container main');
    else expect(look).not.toThrow();
  });
});
