import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { endDumps } from './dump.ts';
import { warmDump } from './warm-dump.ts';

let dir: string;
const at = (...names: string[]) => path.join(dir, ...names);

/** Stands in for a program: a shell script. */
async function program(name: string, body: string): Promise<void> {
  await writeFile(at('bin', name), `#!/bin/sh\n${body}\n`);
  await chmod(at('bin', name), 0o755);
}

/** The real runc asks its criu for the version, and then lets it dump. */
const RUNC = 'criu version && criu dump';

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-warm-'));
  for (const name of ['bin', 'image', 'log']) await mkdir(at(name));
  vi.stubEnv('PATH', `${at('bin')}:${process.env.PATH}`);
  await program('runc', RUNC);
  await program(
    'criu',
    `echo "$1 with $PATH" >>'${at('criu-ran')}'; [ "$1" = version ] || : >'${at('image/core-1.img')}'`,
  );
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true });
});

const CONTAINER = {
  name: 'main',
  id: 'id-of-main',
  bundle: '/b',
  initPid: 1,
  memoryCgroup: undefined,
  cpusetCgroup: undefined,
};
const warm = () =>
  warmDump(
    { ...CONTAINER, cgroup: { version: 1, path: '/c' } },
    { imageDir: at('image'), logDir: at('log') },
    'close',
  );
const ran = async () => (await readFile(at('criu-ran'), 'utf8')).trim().split('\n');

describe('a warm dump', () => {
  it('has not begun before it is run', async () => {
    const dump = await warm();
    await sleep(50);
    expect(await ran()).toEqual([expect.stringMatching(/^version/)]);
    expect(await readdir(at('image'))).toEqual([]);
    await dump?.run();
    expect(await readdir(at('image'))).toEqual(['core-1.img']);
    expect(await readdir(at('log'))).toEqual([]);
  });

  it('leaves the environment of criu as it was', async () => {
    await (await warm())?.run();
    expect(await ran()).toEqual([`version with ${process.env.PATH}`, `dump with ${process.env.PATH}`]);
  });

  it('fails as any dump does', async () => {
    await program('criu', '[ "$1" = version ] || exit 1');
    const dump = await warm();
    await expect(dump?.run()).rejects.toMatchObject({ step: 'dump' });
  });

  it('leaves criu the standard files that runc gave it, while it waits: runc notes them as the container’s', async () => {
    await program('runc', `criu version && exec criu dump <'${at('bin/criu')}'`);
    const dump = await warm();
    const waiting = (await readFile(at('log/gate/waiting'), 'utf8')).trim();
    expect(await readlink(`/proc/${waiting}/fd/0`)).toBe(at('bin/criu'));
    await dump?.run();
  });

  it('that is cancelled never begins', async () => {
    const dump = await warm();
    dump?.cancel();
    await endDumps(['id-of-main'], 2000);
    await vi.waitFor(() => expect(existsSync(at('log/gate'))).toBe(false));
    expect(await ran()).toEqual([expect.stringMatching(/^version/)]);
  });

  it('is none with a runc that dumps at its first criu; nothing is left of that', async () => {
    await program('runc', 'criu dump');
    expect(await warm()).toBeUndefined();
    expect(await readdir(at('image'))).toEqual([]);
    expect(await readdir(at('log'))).toEqual([]);
  });
});
