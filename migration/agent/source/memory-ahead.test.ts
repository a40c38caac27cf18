import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MoveRequest } from '../../contract/agent-api.ts';
import { addPages, type PageRun, PRESENT, pagemapImage } from '../criu-pagemap.ts';
import { statePath } from '../state-layout.ts';
import { Stopwatch } from '../stopwatch.ts';
import { MountStore } from '../store/mount-store.ts';
import { PAGE } from '../stream/page-hashes.ts';
import { FakeContainers } from '../testing/fake-containers.ts';
import { FakeTarget } from '../testing/fake-target.ts';
import { imageDirectory } from './capture.ts';
import type { FoundPod } from './pod.ts';
import { ownPages, readPages } from './process-memory.ts';
import { StreamDelivery } from './stream-delivery.ts';

const ID = 'aaaaaaaa-1111';
const MIB = 2 ** 20;
const IMAGE = statePath({ kind: 'image', container: 'main', name: 'pages-1.img' });
const request: MoveRequest = {
  source: { namespace: 'default', pod: 'tick', podUid: 'uid-1' },
  containers: ['main'],
  targetAgent: 'https://127.0.0.1:1',
  transport: 'stream',
  address: 'new',
  compression: 'none',
  maxBytesPerSecond: null,
  deadlineMs: 30_000,
};

/** Holds 40 MiB of different pages, and takes 1 MiB more for each line that it is sent. */
const HOLDS_MEMORY = `
const held = [];
const hold = (mib) => held.push(require('node:crypto').randomBytes(mib * 2 ** 20));
hold(40);
console.log('ready');
process.stdin.on('data', () => { hold(1); console.log('more'); });
`;

let dir: string;
let child: ChildProcess;
let target: FakeTarget;
let controller: AbortController;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-ahead-'));
  await mkdir(path.join(dir, 'store'));
  target = new FakeTarget(ID, new MountStore(path.join(dir, 'store')));
  controller = new AbortController();
  child = spawn(process.execPath, ['-e', HOLDS_MEMORY], { stdio: ['pipe', 'pipe', 'inherit'] });
  await said();
  await mkdir(path.join(dir, 'cgroup'));
  await writeFile(path.join(dir, 'cgroup/cgroup.procs'), `${child.pid}\n`);
});
afterEach(async () => {
  child.kill('SIGKILL');
  await rm(dir, { recursive: true, maxRetries: 5 });
});

/** Resolves with the process's next words. */
const said = async () => String((await once(child.stdout ?? child, 'data'))[0]);

async function more(): Promise<void> {
  child.stdin?.write('more\n');
  await said();
}

interface Dump {
  pages: Buffer;
  runs: PageRun[];
}

/** The process's pages as CRIU dumps them. */
function dumped(): Dump {
  const pid = child.pid ?? 0;
  const pages: Buffer[] = [];
  const runs: PageRun[] = [];
  for (const portion of readPages(pid, ownPages(pid), Buffer.alloc(MIB))) {
    pages.push(Buffer.from(portion.bytes));
    for (const { address, pages } of portion.runs) addPages(runs, address, pages);
  }
  return { pages: Buffer.concat(pages), runs };
}

/** A container that is this test's process; its dump is what `dump` says. */
class OneProcess extends FakeContainers {
  dumped: Dump = { pages: Buffer.alloc(0), runs: [] };

  override async capture(pod: FoundPod, places: Parameters<FakeContainers['capture']>[1]): Promise<void> {
    await super.capture(pod, places, { write: async () => undefined });
    const image = (name: string) => path.join(imageDirectory(places, 'main'), name);
    await writeFile(image('pages-1.img'), this.dumped.pages);
    const pagemap = pagemapImage({ pagesId: 1, runs: this.dumped.runs });
    await writeFile(image(`pagemap-${child.pid}.img`), pagemap);
  }
}

/** A move's delivery. `between` is done before the freeze, after most was sent. */
async function deliver(between: () => Promise<void>, dump: () => Dump = dumped) {
  const containers = new OneProcess();
  const places = { staging: path.join(dir, 'staging'), logDir: path.join(dir, 'log') };
  const found = await containers.prepare(request.source, request.containers, places);
  const cgroup = { version: 1 as const, path: path.join(dir, 'cgroup') };
  const pod = {
    ...found,
    containers: found.containers.map((container) => ({ ...container, initPid: child.pid ?? 0, cgroup })),
    memoryBytes: 40 * MIB,
  };
  const delivery = new StreamDelivery(request, {
    ...{ id: ID, containers, places, link: target },
    store: new MountStore(path.join(dir, 'store')),
    signal: controller.signal,
    log: pino({ level: 'silent' }),
  });
  const watch = new Stopwatch();
  await delivery.sendAhead(pod, watch);
  await between();
  await delivery.prepare(pod);
  const before = target.bytes;
  child.kill('SIGSTOP');
  containers.dumped = dump();
  await delivery.deliver(pod, watch);
  return { image: containers.dumped.pages, inTheFreeze: target.bytes - before, watch, delivery };
}

describe('memory that is sent ahead', () => {
  it('is not sent in the freeze', async () => {
    const { image, inTheFreeze, watch, delivery } = await deliver(async () => undefined);
    expect(image.length).toBeGreaterThan(40 * MIB);
    expect(target.files.get(IMAGE)?.equals(image)).toBe(true);
    expect(inTheFreeze).toBeLessThan(8 * MIB);
    expect(delivery.bytes).toBeGreaterThan(40 * MIB);
    expect(watch.timings.map(({ name }) => name)).toEqual(['ahead', 'move']);
    expect(target.calls).toEqual(['ahead', 'ahead', 'upload']);
  }, 60_000);

  it('is what the process has when it is frozen, also when it has grown meanwhile', async () => {
    const { image, inTheFreeze } = await deliver(async () => {
      for (let count = 0; count < 4; count += 1) await more();
    });
    expect(target.files.get(IMAGE)?.equals(image)).toBe(true);
    expect(inTheFreeze).toBeLessThan(8 * MIB);
  }, 60_000);

  it('does no harm when the dump is of something else', async () => {
    const { image } = await deliver(
      async () => undefined,
      () => ({
        pages: Buffer.alloc(3 * MIB, 'else'),
        runs: [{ address: 7 * MIB, pages: (3 * MIB) / PAGE, flags: PRESENT }],
      }),
    );
    expect(target.files.get(IMAGE)?.equals(image)).toBe(true);
  }, 60_000);

  it('is forgotten when the target loses it, and the state is sent whole', async () => {
    const { image, inTheFreeze } = await deliver(() => target.ahead.remove());
    expect(target.files.get(IMAGE)?.equals(image)).toBe(true);
    expect(inTheFreeze).toBeGreaterThan(image.length);
  }, 60_000);

  it('gives the move up before the freeze when the target has gone as well', async () => {
    const lost = deliver(async () => {
      await target.ahead.remove();
      target.state = 'failed';
    });
    await expect(lost).rejects.toThrow('nobody waits');
  }, 60_000);

  it('ends with the move', async () => {
    controller.abort(new Error('changed my mind'));
    await expect(deliver(async () => undefined)).rejects.toThrow('changed my mind');
  }, 60_000);

  it('leaves out a process that ends', async () => {
    const { image } = await deliver(
      async () => {
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
      () => ({
        pages: Buffer.alloc(PAGE, 'of another process'),
        runs: [{ address: MIB, pages: 1, flags: PRESENT }],
      }),
    );
    expect(target.files.get(IMAGE)?.equals(image)).toBe(true);
  }, 60_000);
});
