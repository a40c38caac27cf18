import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { AHEAD_LIMIT_MS, type MoveRequest, type TargetRecord } from '../../contract/agent-api.ts';
import { failpoint } from '../failpoints.ts';
import { inStep } from '../failure.ts';
import { startFilter } from '../piped-program.ts';
import { DESCRIPTORS_FILE, statePath } from '../state-layout.ts';
import type { Stopwatch } from '../stopwatch.ts';
import { FolderFollower } from '../stream/follow.ts';
import { BoundedPace, type Pace, unbounded } from '../stream/pace.ts';
import { StateSender } from '../stream/sender.ts';
import { imageDirectory } from './capture.ts';
import type { Delivery, DeliveryContext } from './delivery.ts';
import { MemoryAhead } from './memory-ahead.ts';
import type { FoundPod } from './pod.ts';
import type { Upload } from './target-link.ts';

/** A target that takes longer is dumped for meanwhile. */
const READY_MS = 1000;

/** A stream to the target, from before the freeze on. */
interface Opened {
  upload: Upload;
  sender: StateSender;
  follower: FolderFollower;
}

/** From agent to agent, while it is being dumped: nothing but CRIU's own images is kept here, and that in memory. */
export class StreamDelivery implements Delivery {
  readonly copies = 1;
  readonly #context: DeliveryContext;
  readonly #request: MoveRequest;
  #opened: Opened | undefined;
  readonly #pace: Pace;
  readonly #ahead: MemoryAhead;

  constructor(request: MoveRequest, context: DeliveryContext) {
    const { compression, maxBytesPerSecond } = request;
    this.#request = request;
    this.#context = context;
    this.#pace = maxBytesPerSecond === null ? unbounded : new BoundedPace(maxBytesPerSecond);
    this.#ahead = new MemoryAhead({
      ...context,
      compression,
      pace: this.#pace,
      output: ({ body }) => this.#output(body, AHEAD_LIMIT_MS),
    });
  }

  get bytes(): number {
    return this.#opened?.sender.bytes ?? 0;
  }

  /** What need not wait for memory is opened at once: the target takes its time to make ready for it. */
  async sendAhead(pod: FoundPod, watch: Stopwatch): Promise<void> {
    if (MemoryAhead.pays(pod)) await watch.phase('ahead', () => this.#ahead.send(pod));
    else this.#opened = this.#open(pod);
  }

  async prepare(pod: FoundPod): Promise<void> {
    if (this.#opened === undefined && this.#ahead.isThere) await this.#ahead.send(pod);
    const opened = this.#opened ?? this.#open(pod);
    this.#opened = opened;
    if (pod.dumps.size > 0) await inStep('move', () => this.#warmUp(opened));
  }

  /**
   * A dump that was started has written its descriptors before its CRIU begins; the target's runc needs no more to be started, too. It is
   * waited for, as it would take the processor from the dump; a compressed stream has them later, together with more.
   */
  async #warmUp({ upload, follower }: Opened): Promise<void> {
    await follower.sendComplete(DESCRIPTORS_FILE);
    if (this.#request.compression !== 'none') return;
    await Promise.race([upload.ready, upload.answer, sleep(READY_MS, undefined, { ref: false })]);
  }

  #open(pod: FoundPod): Opened {
    const { containers, compression, deadlineMs } = this.#request;
    const { link, places, signal } = this.#context;
    const ahead = this.#ahead.isThere;
    const sent = { containers, compression, deadlineMs, bytes: pod.memoryBytes, ahead };
    const upload = link.upload(sent, signal);
    // It is waited for in `deliver`; until then nobody is there to hear of it.
    upload.answer.catch(() => undefined);
    const sender = new StateSender(this.#output(upload.body, deadlineMs), this.#pace);
    const follower = new FolderFollower(sender, imageFolders(pod, places), (name) => this.#ahead.take(name));
    return { upload, sender, follower };
  }

  #output(body: Writable, limitMs: number): Writable {
    const { signal } = this.#context;
    return this.#request.compression === 'zstd' ? compressed(body, limitMs, signal) : body;
  }

  async deliver(pod: FoundPod, watch: Stopwatch): Promise<TargetRecord> {
    if (this.#opened === undefined) throw new Error('not prepared');
    const { body, answer } = this.#opened.upload;
    const sent = this.#send(pod, this.#opened, watch);
    let staged = false;
    try {
      // A target that answers while it is still being sent to says why it takes no more.
      await Promise.race([sent, answer]);
      const record = await answer;
      staged = record.state === 'staged';
      return record;
    } finally {
      if (!staged) body.destroy();
      await sent.catch(() => undefined);
    }
  }

  async #send(pod: FoundPod, { upload, sender, follower }: Opened, watch: Stopwatch): Promise<void> {
    const { containers, places, signal } = this.#context;
    const captured = containers.capture(pod, places, sender, watch, signal);
    const followed = follower.follow(captured);
    // It may break while the dump goes on; it is waited for below.
    followed.catch(() => undefined);
    try {
      await captured;
      await watch.phase('move', () => inStep('move', () => this.#sendRest(followed, follower, sender)));
    } catch (error) {
      upload.body.destroy();
      await Promise.allSettled([captured, followed]);
      throw error;
    } finally {
      follower.close();
    }
  }

  async #sendRest(followed: Promise<void>, follower: FolderFollower, sender: StateSender): Promise<void> {
    await followed;
    await sender.flush();
    await failpoint('during-move', this.#context.id);
    follower.end();
    await sender.finish();
  }
}

function imageFolders(pod: FoundPod, places: DeliveryContext['places']): Map<string, string> {
  return new Map(
    pod.containers.map(({ name }) => {
      const anyImage = statePath({ kind: 'image', container: name, name: 'x' });
      return [anyImage.slice(0, -'/x'.length), imageDirectory(places, name)];
    }),
  );
}

/** Lets zstd's program compress what is written. Fast rather than small: the freeze waits for it. */
function compressed(body: Writable, timeoutMs: number, signal: AbortSignal): Writable {
  const zstd = startFilter('zstd', ['-1', '--quiet', '--stdout'], timeoutMs);
  signal.addEventListener('abort', zstd.kill);
  body.once('close', zstd.kill);
  zstd.stdout.pipe(body);
  void zstd.failure.then((failure) => failure && body.destroy(new Error(failure)));
  return zstd.stdin;
}
