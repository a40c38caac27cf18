import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Bundle } from '../bundle.ts';
import { PodState } from './pod-state.ts';

let dir: string;
const at = (...names: string[]) => path.join(dir, ...names);
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-state-'));
  for (const name of ['staging/app/image', 'bundle/rootfs', 'written'])
    await mkdir(at(name), { recursive: true });
  await writeFile(at('written/file'), 'written in the source');
  execFileSync('tar', ['--create', '--file', at('staging/app/rw.tar'), '--directory', at('written'), '.']);
});
afterEach(() => rm(dir, { recursive: true }));

const bundle = () => ({ dir: at('bundle'), container: 'app', podUid: 'pod', sandboxId: 's' }) as Bundle;

describe('a runtime', () => {
  it('is not started early by what comes with all the rest: that would take longer', () => {
    const state = new PodState(at('staging'), at('pods'));
    const started: string[] = [];
    const warmUp = async (folder: string) => void started.push(folder);
    state.deliverEarly('app/image/core-1.img', bundle(), warmUp);
    state.deliverEarly('app/image/descriptors.json', bundle(), warmUp);
    expect(started).toEqual([]);
  });

  it('is started by its own descriptors alone, whichever come first', () => {
    const state = new PodState(at('staging'), at('pods'));
    const started: string[] = [];
    const warmUp = async (folder: string) => void started.push(folder);
    state.deliverEarly('web/image/descriptors.json', bundle(), warmUp);
    state.deliverEarly('app/image/descriptors.json', bundle(), warmUp);
    expect(started).toEqual([at('staging/app/image')]);
  });
});

describe('a writable layer that arrives early', () => {
  it('is not unpacked before runc has come to restore, which mounts over the root until then', async () => {
    const state = new PodState(at('staging'), at('pods'));
    let reached: () => void = () => undefined;
    const warmUp = () =>
      new Promise<void>((resolve) => {
        reached = resolve;
      });
    state.deliverEarly('app/image/descriptors.json', bundle(), warmUp);
    state.deliverEarly('app/rw.tar', bundle(), warmUp);
    for (let turns = 0; turns < 100; turns++) await turn();
    expect(existsSync(at('bundle/rootfs/file'))).toBe(false);
    reached();
    await expect.poll(() => existsSync(at('bundle/rootfs/file'))).toBe(true);
    await state.remove();
  });
});
