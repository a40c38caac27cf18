import { appendFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MoveRequest } from '../../contract/agent-api.ts';
import { statePath } from '../state-layout.ts';
import { Stopwatch } from '../stopwatch.ts';
import { MountStore } from '../store/mount-store.ts';
import { FakeContainers } from '../testing/fake-containers.ts';
import { FakeTarget } from '../testing/fake-target.ts';
import { type CapturePlaces, imageDirectory } from './capture.ts';
import type { DeliveryContext } from './delivery.ts';
import { ID, request } from './move-fixtures.ts';
import type { FoundPod } from './pod.ts';
import type { StateOutput } from './state-output.ts';
import { StoreDelivery } from './store-delivery.ts';
import { StreamDelivery } from './stream-delivery.ts';

/** Some bytes that are written at the end of a file. */
interface Write {
  container: string;
  name: string;
  bytes: Buffer;
  /** How long the writer pauses before. */
  pause: number;
}

/** Writes images piece by piece, side by side with an archive, as CRIU and tar do. */
class WritingContainers extends FakeContainers {
  readonly #writes: readonly Write[];
  readonly #layer: readonly Buffer[];

  constructor(writes: readonly Write[], layer: readonly Buffer[]) {
    super();
    this.#writes = writes;
    this.#layer = layer;
  }

  override async capture(_pod: FoundPod, places: CapturePlaces, output: StateOutput): Promise<void> {
    const layer = this.#layer;
    async function* archive(): AsyncGenerator<Buffer> {
      for (const chunk of layer) {
        await sleep(0);
        yield chunk;
      }
    }
    const written = output.write(statePath({ kind: 'layer', container: 'main' }), archive());
    for (const { container, name, bytes, pause } of this.#writes) {
      if (pause > 0) await sleep(pause);
      appendFileSync(path.join(imageDirectory(places, container), name), bytes);
    }
    await written;
  }
}

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-delivery-'));
  await mkdir(path.join(dir, 'store'));
});
afterEach(() => rm(dir, { recursive: true }));

/** What arrives at the target. */
async function delivered(
  kind: 'stream' | 'store',
  containers: FakeContainers,
  more: Partial<MoveRequest> = {},
): Promise<Map<string, Buffer>> {
  const store = new MountStore(path.join(dir, 'store'));
  const link = new FakeTarget(ID, store);
  const places = { staging: path.join(dir, kind), logDir: path.join(dir, 'log') };
  const { signal } = new AbortController();
  const log = pino({ level: 'silent' });
  const context: DeliveryContext = { id: ID, containers, store, link, places, signal, log };
  const Kind = kind === 'stream' ? StreamDelivery : StoreDelivery;
  const delivery = new Kind({ ...request, ...more }, context);
  const pod = await containers.prepare(request.source, request.containers, places);
  await delivery.prepare(pod);
  await delivery.deliver(pod, new Stopwatch());
  await rm(places.staging, { recursive: true });
  return link.files;
}

/** Sizes around those at which pieces are gathered, split, or sent while the file grows. */
const content = fc
  .tuple(fc.constantFrom(0, 1, 500, 16 * 1024, 256 * 1024, 1024 * 1024, 1_500_000), fc.nat(255))
  .map(([size, seed]) => Buffer.alloc(size, `${seed} and on`));
const writes = fc.array(
  fc.record({
    container: fc.constantFrom('sidecar', 'main'),
    name: fc.constantFrom('pages-1.img', 'core-1.img', 'empty.img'),
    bytes: content,
    pause: fc.constantFrom(0, 0, 1, 8),
  }),
  { maxLength: 12 },
);

function expected(given: readonly Write[], layer: readonly Buffer[]): Map<string, Buffer> {
  const files = new Map([['main/rw.tar', Buffer.concat(layer)]]);
  for (const { container, name, bytes } of given) {
    const file = statePath({ kind: 'image', container, name });
    files.set(file, Buffer.concat([files.get(file) ?? Buffer.alloc(0), bytes]));
  }
  return files;
}

function expectSame(received: Map<string, Buffer>, sent: Map<string, Buffer>): void {
  expect([...received.keys()].sort()).toEqual([...sent.keys()].sort());
  for (const [file, bytes] of sent) expect(received.get(file)?.equals(bytes), file).toBe(true);
}

describe('both deliveries', () => {
  it('bring what was written, byte for byte, however it comes to be written', async () => {
    await fc.assert(
      fc.asyncProperty(writes, fc.array(content, { maxLength: 4 }), async (given, layer) => {
        const sent = expected(given, layer);
        for (const kind of ['stream', 'store'] as const)
          expectSame(await delivered(kind, new WritingContainers(given, layer)), sent);
      }),
      { numRuns: 15 },
    );
  }, 30_000);
});

describe('the stream', () => {
  const write = (bytes: Buffer): Write => ({ container: 'main', name: 'pages-1.img', bytes, pause: 0 });

  it('keeps to its bound', async () => {
    const given = [write(Buffer.alloc(300_000, 'memory'))];
    const began = performance.now();
    const received = await delivered('stream', new WritingContainers(given, []), {
      maxBytesPerSecond: 1_000_000,
    });
    expectSame(received, expected(given, []));
    // 300 kB at 1 MB/s, less what may go at once: only a lower bound is certain.
    expect(performance.now() - began).toBeGreaterThan(90);
  });
});
