import { Readable, type Writable } from 'node:stream';
import { AHEAD_LIMIT_MS } from '../../contract/agent-api.ts';
import { addPages, type PageRun, pagemapImage } from '../criu-pagemap.ts';
import type { Logger } from '../log.ts';
import { statePath } from '../state-layout.ts';
import { Deadline } from '../stopwatch.ts';
import { KnownPages } from '../stream/known-pages.ts';
import { type Base, MemorySender } from '../stream/memory-sender.ts';
import type { Pace } from '../stream/pace.ts';
import { StateSender } from '../stream/sender.ts';
import type { FoundPod } from './pod.ts';
import { ownNumber, ownPages, processesOf, readPages } from './process-memory.ts';
import type { TargetLink, Upload } from './target-link.ts';

/** Less is sent in the freeze sooner than it is looked through here. */
const WORTH_SENDING = 32 * 2 ** 20;
const PORTION = 2 ** 20;
/** Of all the time so much is left for what has changed meanwhile. */
const REFRESH_MS = 5000;
/** The answer may come this much later. */
const GRACE_MS = 3000;

export interface AheadContext {
  link: TargetLink;
  pace: Pace;
  compression: 'none' | 'zstd';
  /** What is written to it goes to the target, compressed if that was asked for. */
  output: (upload: Upload) => Writable;
  /** Aborted when the move is given up. */
  signal: AbortSignal;
  log: Logger;
}

/**
 * Sends the memory of a pod that still runs ahead of its state, as the images that its dump is expected to have; in the freeze only those
 * pages have to follow that are not among it (see MemorySender). It is a help and no more: if any of it fails, or the dump looks otherwise,
 * the state is sent whole.
 */
export class MemoryAhead {
  readonly #context: AheadContext;
  /** All of it is sent by the first, what has changed since by the second. */
  readonly #deadlines = [new Deadline(AHEAD_LIMIT_MS - REFRESH_MS), new Deadline(AHEAD_LIMIT_MS)] as const;
  readonly #buffer = Buffer.allocUnsafeSlow(PORTION);
  /** What the target has, by path. */
  #bases = new Map<string, Base>();

  constructor(context: AheadContext) {
    this.#context = context;
  }

  /** Whether it pays for this pod. */
  static pays({ memoryBytes }: FoundPod): boolean {
    return memoryBytes >= WORTH_SENDING;
  }

  /** Whether the target has memory of the pod. */
  get isThere(): boolean {
    return this.#bases.size > 0;
  }

  /** Takes the memory that the target has for an image; it is used up by that. */
  take(image: string): Base | undefined {
    const base = this.#bases.get(image);
    this.#bases.delete(image);
    return base;
  }

  /** Sends all that there is; after the first time, what has changed. Rejects only when the target does not wait any more, or `signal` is aborted. */
  async send(pod: FoundPod): Promise<void> {
    const { link, signal, log } = this.#context;
    try {
      this.#bases = await this.#round(pod);
    } catch (error) {
      this.#bases = new Map();
      signal.throwIfAborted();
      log.warn({ error: String(error) }, 'no memory was sent ahead');
      await link.requireWaiting();
    }
  }

  async #round(pod: FoundPod): Promise<Map<string, Base>> {
    const { link, compression, output, pace, signal } = this.#context;
    const deadline = this.#deadlines[this.isThere ? 1 : 0];
    const limitMs = deadline.left() + GRACE_MS;
    const late = AbortSignal.any([signal, AbortSignal.timeout(limitMs + GRACE_MS)]);
    const upload = link.sendAhead({ compression, bytes: pod.memoryBytes, limitMs }, late);
    upload.answer.catch(() => undefined);
    const sender = new StateSender(output(upload), pace);
    try {
      const sent = this.#sendPod(pod, sender, deadline);
      const bases = await Promise.race([sent, endOf(upload.answer)]);
      await sender.finish();
      await upload.answer;
      return bases;
    } catch (error) {
      upload.body.destroy();
      throw error;
    }
  }

  async #sendPod(pod: FoundPod, sender: StateSender, deadline: Deadline): Promise<Map<string, Base>> {
    const bases = new Map<string, Base>();
    for (const { name, initPid, cgroup } of pod.containers)
      for (const [index, pid] of processesOf(initPid, cgroup.path).entries()) {
        const number = unlessEnded(() => ownNumber(pid));
        if (number === undefined) continue;
        const image = (file: string) => statePath({ kind: 'image', container: name, name: file });
        const path = image(`pages-${index + 1}.img`);
        const memory = new MemorySender(sender, path, this.#bases.get(path));
        const runs = await this.#sendProcess(pid, memory, deadline);
        bases.set(path, { path, pages: new KnownPages(memory.end()) });
        const pagemap = pagemapImage({ pagesId: index + 1, runs });
        await sender.write(image(`pagemap-${number}.img`), Readable.from([pagemap]));
      }
    return bases;
  }

  /** What a process that ends meanwhile had is of no use, and does no harm. @returns where the pages are that were sent */
  async #sendProcess(pid: number, memory: MemorySender, deadline: Deadline): Promise<PageRun[]> {
    const sent: PageRun[] = [];
    const portions = readPages(pid, unlessEnded(() => ownPages(pid)) ?? [], this.#buffer);
    for (;;) {
      const portion = unlessEnded(() => portions.next());
      this.#context.signal.throwIfAborted();
      if (deadline.past || portion === undefined || portion.done) return sent;
      await memory.send(portion.value.bytes);
      for (const { address, pages } of portion.value.runs) addPages(sent, address, pages);
    }
  }
}

/** What is read of a process; undefined when that has ended. */
function unlessEnded<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** Rejects when the target gives up before all was sent; never resolves. */
async function endOf(answer: Promise<unknown>): Promise<never> {
  await answer;
  throw new Error('the target answered before all was sent');
}
