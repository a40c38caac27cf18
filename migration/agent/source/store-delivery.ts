import path from 'node:path';
import type { MoveRequest, TargetRecord } from '../../contract/agent-api.ts';
import { failpoint } from '../failpoints.ts';
import { inStep } from '../failure.ts';
import { Deadline, type Stopwatch } from '../stopwatch.ts';
import { below, migrationFolder, type StorePath } from '../store/path.ts';
import { packState, sha256Of } from './archive.ts';
import type { Delivery, DeliveryContext } from './delivery.ts';
import type { FoundPod } from './pod.ts';
import { stagedOutput } from './state-output.ts';

const ARCHIVE = 'state.tar';
/** The least that a target is given; what counts is the source's own deadline. */
const LEAST_MS = 1000;

/** Through the shared store, as one archive. */
export class StoreDelivery implements Delivery {
  /** Images and archive stand in memory side by side while the one is packed into the other. */
  readonly copies = 2;
  readonly #context: DeliveryContext;
  readonly #request: MoveRequest;
  readonly #folder: StorePath;
  #bytes = 0;

  constructor(request: MoveRequest, context: DeliveryContext) {
    this.#request = request;
    this.#context = context;
    this.#folder = migrationFolder(context.id);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A checkpoint on the store is a moment's: nothing of it can be there before. */
  async sendAhead(): Promise<void> {}

  prepare(): Promise<void> {
    return inStep('store', () => this.#context.store.mkdir(this.#folder));
  }

  async deliver(pod: FoundPod, watch: Stopwatch): Promise<TargetRecord> {
    const { containers, places, signal, link, id } = this.#context;
    const deadline = new Deadline(this.#request.deadlineMs);
    await containers.capture(pod, places, stagedOutput(places.staging), watch, signal);
    const stored = await watch.phase('move', () => inStep('move', () => this.#store(deadline)));
    await failpoint('during-move', id);
    signal.throwIfAborted();
    const deadlineMs = Math.max(LEAST_MS, deadline.left());
    return link.restore({
      transport: 'store',
      ...stored,
      containers: this.#request.containers,
      deadlineMs,
    });
  }

  /** Packs the state and puts it on the store; its hash is taken meanwhile. */
  async #store(deadline: Deadline): Promise<{ path: string; bytes: number; sha256: string }> {
    const { staging } = this.#context.places;
    const archive = path.join(staging, ARCHIVE);
    const stored = below(this.#folder, ARCHIVE);
    this.#bytes = await packState(staging, archive);
    const put = this.#context.store.put(archive, stored, Math.max(1, deadline.left()));
    const [sha256] = await Promise.all([sha256Of(archive), put]);
    return { path: stored, bytes: this.#bytes, sha256 };
  }
}
