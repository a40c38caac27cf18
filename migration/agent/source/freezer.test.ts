import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CgroupPath } from './container.ts';
import { freeze, isFrozen, isGone, killFrozen, thaw } from './freezer.ts';

let dir: string;
let v1: CgroupPath;
let v2: CgroupPath;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-freezer-'));
  v1 = { version: 1, path: path.join(dir, 'v1') };
  v2 = { version: 2, path: path.join(dir, 'v2') };
  await mkdir(path.join(v1.path, 'below'), { recursive: true });
  await mkdir(v2.path);
  await writeFile(path.join(v1.path, 'freezer.state'), 'THAWED\n');
  await writeFile(path.join(v2.path, 'cgroup.freeze'), '0\n');
  await writeFile(path.join(v2.path, 'cgroup.events'), 'populated 1\nfrozen 0\n');
});
afterEach(() => rm(dir, { recursive: true }));

const said = (cgroup: CgroupPath, file: string) => readFile(path.join(cgroup.path, file), 'utf8');

describe('freeze and thaw', () => {
  it('use freezer.state of version 1', async () => {
    await freeze(v1);
    expect(isFrozen(v1)).toBe(true);
    thaw(v1);
    expect(await said(v1, 'freezer.state')).toBe('THAWED');
    expect(isFrozen(v1)).toBe(false);
  });

  it('wait for the event of version 2', async () => {
    const frozen = freeze(v2, 2000);
    expect(await said(v2, 'cgroup.freeze')).toBe('1');
    await writeFile(path.join(v2.path, 'cgroup.events'), 'populated 1\nfrozen 1\n');
    await frozen;
    thaw(v2);
    expect(await said(v2, 'cgroup.freeze')).toBe('0');
  });

  it('thaw again what does not freeze in time', async () => {
    await expect(freeze(v2, 20)).rejects.toMatchObject({ step: 'freeze' });
    expect(await said(v2, 'cgroup.freeze')).toBe('0');
  });

  it('know a container that is gone', async () => {
    const gone: CgroupPath = { version: 1, path: path.join(dir, 'gone') };
    expect(isGone(gone)).toBe(true);
    await expect(freeze(gone)).rejects.toThrow(/has ended/);
    thaw(gone);
    await killFrozen(gone);
  });
});

describe('killFrozen', () => {
  async function child(): Promise<ChildProcess> {
    const started = spawn('sleep', ['60']);
    await new Promise((resolve) => started.once('spawn', resolve));
    return started;
  }

  it('kills every process, those of cgroups below as well, before it thaws', async () => {
    const [one, two] = [await child(), await child()];
    await writeFile(path.join(v1.path, 'cgroup.procs'), `${one.pid}\n`);
    await writeFile(path.join(v1.path, 'below', 'cgroup.procs'), `${two.pid}\n`);
    const ended = Promise.all(
      [one, two].map((c) => new Promise((resolve) => c.once('exit', (_code, by) => resolve(by)))),
    );
    const killed = killFrozen(v1, 2000);
    expect(await ended).toEqual(['SIGKILL', 'SIGKILL']);
    // The kernel takes ended processes off these lists.
    await writeFile(path.join(v1.path, 'cgroup.procs'), '');
    await writeFile(path.join(v1.path, 'below', 'cgroup.procs'), '');
    await killed;
    expect(await said(v1, 'freezer.state')).toBe('THAWED');
  });

  it('kills a whole cgroup of version 2 at once', async () => {
    await writeFile(path.join(v2.path, 'cgroup.kill'), '');
    await writeFile(path.join(v2.path, 'cgroup.procs'), '1\n');
    const killed = killFrozen(v2, 2000);
    await writeFile(path.join(v2.path, 'cgroup.procs'), '');
    await killed;
    expect(await said(v2, 'cgroup.kill')).toBe('1');
  });

  it('says which processes did not end', async () => {
    await writeFile(path.join(v2.path, 'cgroup.kill'), '');
    await writeFile(path.join(v2.path, 'cgroup.procs'), '7\n');
    await expect(killFrozen(v2, 20)).rejects.toThrow('processes 7 did not end');
  });
});
