import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Stopwatch } from '../stopwatch.ts';
import { applyLayer } from '../tar/apply.ts';
import { partsOf } from './archive.ts';
import { captureFrozen, prepareStaging, warmUp } from './capture.ts';
import { endDumps } from './dump.ts';
import { type FoundPod, findVolumes } from './pod.ts';
import { stagedOutput } from './state-output.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-capture-'));
  vi.stubEnv('PATH', `${dir}/bin:${process.env.PATH}`);
  await mkdir(path.join(dir, 'bin'));
  await runc(
    'for last; do :; done; while [ "$1" != --image-path ]; do shift; done; echo "$last" >"$2/core-1.img"',
  );
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true });
});

/** Stands in for runc. */
async function runc(body: string): Promise<void> {
  const file = path.join(dir, 'bin/runc');
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
}

const at = (...names: string[]) => path.join(dir, ...names);
const places = () => ({ staging: at('staging'), logDir: at('log') });

async function pod(): Promise<FoundPod> {
  const found = [];
  for (const name of ['sidecar', 'main']) {
    await mkdir(at('upper', name), { recursive: true });
    found.push({
      name,
      id: `id-of-${name}`,
      bundle: '/b',
      initPid: 1,
      cgroup: { version: 1 as const, path: '/c' },
      memoryCgroup: undefined,
      cpusetCgroup: undefined,
      upper: at('upper', name),
      terminationLog: at(`message-${name}`),
    });
    await writeFile(at(`message-${name}`), name === 'main' ? 'all is well' : '');
  }
  await mkdir(at('shm'));
  await mkdir(at('volume'));
  await mkdir(at('empty'));
  const volumes = [
    { name: 'scratch', directory: at('volume') },
    { name: 'unused', directory: at('empty') },
  ];
  return {
    containers: found,
    volumes,
    shmDir: at('shm'),
    memoryBytes: 0,
    connections: 'close',
    dumps: new Map(),
  };
}

async function capture(frozen: FoundPod, signal?: AbortSignal): Promise<Stopwatch> {
  const watch = new Stopwatch();
  await prepareStaging(frozen, places());
  await captureFrozen(frozen, places(), stagedOutput(at('staging')), watch, signal);
  return watch;
}

describe('captureFrozen', () => {
  it('saves images and files of all containers, and what they share once', async () => {
    const frozen = await pod();
    await writeFile(at('upper/main/new'), 'written');
    await writeFile(at('shm/segment'), 'shared');
    await writeFile(at('volume/file'), 'kept');
    const watch = await capture(frozen);
    expect(await partsOf(at('staging'))).toEqual([
      '_pod/shm.tar',
      '_pod/volume-scratch.tar',
      'main/rw.tar',
      'main/termination-log',
      'main/image/core-1.img',
      'sidecar/image/core-1.img',
    ]);
    expect(await readFile(at('staging/main/image/core-1.img'), 'utf8')).toBe('id-of-main\n');
    expect(await readFile(at('staging/main/termination-log'), 'utf8')).toBe('all is well');
    await mkdir(at('applied'));
    await applyLayer(at('staging/_pod/volume-scratch.tar'), at('applied'), 10_000);
    expect(await readFile(at('applied/file'), 'utf8')).toBe('kept');
    const dumps = watch.timings.filter(({ name }) => name === 'dump');
    expect(dumps.map(({ container }) => container).sort()).toEqual(['main', 'sidecar']);
  });

  it('says which container cannot be dumped, once the other dump has ended', async () => {
    await runc(`case "$*" in *id-of-main) exit 1;; *) sleep 0.1; touch '${at('other-ended')}';; esac`);
    await expect(capture(await pod())).rejects.toThrow('CRIU cannot dump container main');
    expect(await readdir(dir)).toContain('other-ended');
  });

  it('says which files cannot be saved', async () => {
    const frozen = await pod();
    await writeFile(at('upper/main/.wh.odd'), 'reserved');
    await expect(capture(frozen)).rejects.toMatchObject({ step: 'layer', message: /upper\/main/ });
  });

  it('is cut short by an abort', async () => {
    const frozen = await pod();
    await writeFile(at('upper/main/new'), 'written');
    await writeFile(at('bin/tar'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
    await expect(capture(frozen, AbortSignal.timeout(50))).rejects.toMatchObject({ step: 'layer' });
  });
});

describe('endDumps', () => {
  const dumping = (id: string) =>
    spawn('sh', ['-c', 'sleep 60 & wait', 'checkpoint', id], { detached: true, stdio: 'ignore' });

  it('is content when there is none', () => endDumps(['never-heard-of'], 0));

  it('kills a dump that does not end in time, with what it started, and no other', async () => {
    const mine = dumping('id-mine');
    const other = dumping('id-other');
    const ended = new Promise((resolve) => mine.once('exit', (_code, signal) => resolve(signal)));
    await endDumps(['id-mine'], 50);
    expect(await ended).toBe('SIGKILL');
    expect(other.exitCode ?? other.signalCode).toBeNull();
    process.kill(-(other.pid ?? 0), 'SIGKILL');
  });
});

describe('findVolumes', () => {
  it('gives emptyDirs, and no other volumes', async () => {
    const volumes = at('pods/uid-1/volumes');
    await mkdir(path.join(volumes, 'kubernetes.io~empty-dir/scratch'), { recursive: true });
    await mkdir(path.join(volumes, 'kubernetes.io~configmap/settings'), { recursive: true });
    const directory = path.join(volumes, 'kubernetes.io~empty-dir/scratch');
    expect(await findVolumes('uid-1', at('pods'))).toEqual([{ name: 'scratch', directory }]);
    expect(await findVolumes('uid-2', at('pods'))).toEqual([]);
  });
});

describe('warmUp', () => {
  beforeEach(async () => {
    await runc('while [ "$1" != --image-path ]; do shift; done; criu && image="$2" criu');
    await writeFile(at('bin/criu'), '#!/bin/sh\n[ -z "$image" ] || date >"$image/core-1.img"\n', {
      mode: 0o755,
    });
  });

  it('prepares dumps that a capture runs', async () => {
    const found = await pod();
    await prepareStaging(found, places());
    const warm = await warmUp(found, places(), new AbortController().signal);
    expect([...warm.dumps.keys()].sort()).toEqual(['main', 'sidecar']);
    expect((await partsOf(at('staging'))).filter((name) => name.includes('core'))).toEqual([]);
    await captureFrozen(warm, places(), stagedOutput(at('staging')), new Stopwatch());
    expect(await partsOf(at('staging'))).toContain('main/image/core-1.img');
  });

  it('leaves no dump behind after an abort', async () => {
    const found = await pod();
    await prepareStaging(found, places());
    const given = new AbortController();
    const warm = await warmUp(found, places(), given.signal);
    given.abort();
    await endDumps(
      found.containers.map(({ id }) => id),
      2000,
    );
    await expect(warm.dumps.get('main')?.run()).rejects.toMatchObject({ step: 'dump' });
    await expect(warmUp(found, places(), given.signal)).rejects.toThrow();
    expect((await partsOf(at('staging'))).filter((name) => name.includes('core'))).toEqual([]);
  });
});
