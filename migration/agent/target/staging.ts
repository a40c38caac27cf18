import { setTimeout as sleep } from 'node:timers/promises';
import type { Bundle, Origin } from '../bundle.ts';
import { failpoint } from '../failpoints.ts';
import { StepError } from '../failure.ts';
import { isAlive, type ProcessIdentity } from '../process.ts';
import { Deadline, Stopwatch } from '../stopwatch.ts';
import { AheadMemory } from './ahead.ts';
import type { RuntimeAnswer } from './answer.ts';
import { cgroupOf } from './cgroup.ts';
import type { PodState, WarmUp } from './pod-state.ts';
import { type RestoredContainer, reasonOf, refusalOf, type TargetDocument } from './record.ts';
import type { Gate, RestorePlaces, Restorer } from './restorer.ts';
import type { Standing } from './standing.ts';

/** Brings a state to this node, for the pod of the container that waits; resolves when it is whole and verified. */
export type Bring = (deadline: Deadline, bundle: Bundle, warmUp: WarmUp) => Promise<PodState>;

/** A wrapper's `create`. */
export interface Asked {
  bundle: Bundle;
  origin: Origin;
  /** Names of the pod's containers whose state waits. */
  containers: readonly string[];
  containerId: string;
  runtime: ProcessIdentity;
  /** For a checkpoint; a move brings its state with a request. */
  bring: Bring;
}

interface Held {
  asked: Asked;
  answer: (answer: RuntimeAnswer) => void;
}

/** What a target decides of what happens while its containers are staged. */
export interface Decider {
  /** The runtime of the first container waits for the state. */
  waits(asked: Asked): void;
  fail(error: unknown): Promise<void>;
  /** A container was restored and started. */
  started(): Promise<void>;
}

/**
 * Brings the containers of one target to where each is restored, started under the shim's eyes, and stopped: holds the runtime
 * that asks for the first, takes the state in, and lets the runtime restore one after another. What that means for the
 * target is not decided here.
 */
export class Staging {
  readonly #standing: Standing;
  readonly #restorer: Restorer;
  readonly #decider: Decider;
  readonly #aheadDir: string;
  #ahead: AheadMemory | undefined;
  #held: Held | undefined;
  #arrived: PodState | undefined;
  /** Of the first container, where its runtime is started before the state is whole; undefined when it was aborted before. */
  #warm: Promise<Warm | undefined> | undefined;
  #watch = new Stopwatch();
  /** Ids of containers that are to be restored and whose runtime still waits for the word. */
  readonly #untold = new Set<string>();

  /** `aheadDir` is a folder of its own, in memory. */
  constructor(standing: Standing, restorer: Restorer, decider: Decider, aheadDir: string) {
    this.#standing = standing;
    this.#restorer = restorer;
    this.#decider = decider;
    this.#aheadDir = aheadDir;
  }

  /** What comes, or came, ahead of the state. It goes with the state. */
  get ahead(): AheadMemory {
    this.#ahead ??= new AheadMemory(this.#aheadDir);
    return this.#ahead;
  }

  get watch(): Stopwatch {
    return this.#watch;
  }

  /** The `create` of the container that waits for the state. */
  get waiting(): Asked | undefined {
    return this.#held?.asked;
  }

  /** Containers that the runtime was told to restore. */
  get told(): RestoredContainer[] {
    return this.#document.restored.filter(({ id }) => !this.#untold.has(id));
  }

  /** Whether every container is restored and started. */
  get isComplete(): boolean {
    const { containers, restored } = this.#document;
    const isReady = ({ init, started }: RestoredContainer): boolean => init !== null && started;
    const ready = new Set(restored.filter(isReady).map(({ name }) => name));
    return containers.every((name) => ready.has(name));
  }

  /** Keeps the first container's runtime waiting. Resolves with what it is to do, which may be minutes later. */
  async hold(asked: Asked): Promise<RuntimeAnswer> {
    const { bundle, runtime, containers } = asked;
    const [podIPs, link = null] = await Promise.all([
      this.#restorer.addresses(bundle),
      this.#restorer.link(bundle),
    ]);
    // It may have been aborted meanwhile. From here to `waiting` nothing else may come in between.
    const refusal = refusalOf(this.#document, bundle);
    if (refusal !== undefined) return { verdict: 'refuse', reason: refusal };
    this.#answer({ verdict: 'refuse', reason: 'another container of this pod took its place' });
    const answer = new Promise<RuntimeAnswer>((resolve) => {
      this.#held = { asked, answer: resolve };
    });
    const waiting = { podUid: bundle.podUid, podIPs, link, containers: [...containers] };
    this.#standing.change({ state: 'waiting', ...waiting });
    this.#releaseWhenGone(runtime);
    this.#decider.waits(asked);
    return answer;
  }

  /** Lets the runtime that waits end, for this reason; without one it changes nothing. */
  async refuse(reason: string): Promise<void> {
    this.#answer({ verdict: 'refuse', reason });
    const warm = await this.#warm?.catch(() => undefined);
    await warm?.gate.close();
  }

  #answer(answer: RuntimeAnswer): void {
    this.#held?.answer(answer);
    this.#held = undefined;
  }

  /** Brings the state here, delivers what the containers share, and lets the first one in. */
  async arrive(asked: Asked, deadline: Deadline, bring: Bring): Promise<void> {
    const { bundle, runtime } = asked;
    this.#watch = new Stopwatch();
    this.#standing.change({ state: 'fetching', timings: [], failure: null, restored: [] });
    const container = this.#admit(asked);
    const saved = this.#standing.save();
    const warmUp: WarmUp = (imageDir) => this.#warmUp(container, asked, imageDir, deadline);
    this.#arrived = await this.#watch.phase('fetch', () => bring(deadline, bundle, warmUp));
    try {
      await this.#arrived.deliverShared(bundle);
      await saved;
      if (deadline.past) throw new StepError('fetch', 'the state arrived after the deadline');
      if (!(await isAlive(runtime)))
        throw new StepError('restore', 'the runtime that waited has ended: the kubelet gave up on it');
      this.#answer(await this.#letRestore(container, bundle, 'fetching'));
    } finally {
      if (this.#document.state !== 'restoring') await this.forgetState();
    }
  }

  /** The containers after the first do not wait: the state is there when the kubelet gets to them. */
  async restoreNext(asked: Asked): Promise<RuntimeAnswer> {
    const container = this.#admit(asked);
    await this.#standing.save();
    return this.#letRestore(container, asked.bundle);
  }

  /** The wrapper's `start`: the restored container goes on under the shim's eyes. */
  started(containerId: string): void {
    const container = this.#document.restored.find(({ id }) => id === containerId);
    if (container === undefined || container.started) return;
    this.#update({ ...container, started: true });
    this.#standing.tell();
  }

  /** The state is of no use any more. */
  async forgetState(): Promise<void> {
    const [arrived, ahead] = [this.#arrived, this.#ahead];
    this.#arrived = undefined;
    this.#ahead = undefined;
    await Promise.all([arrived?.remove(), ahead?.remove()]);
  }

  get #document(): TargetDocument {
    return this.#standing.document;
  }

  /** Notes a container that is to be restored; it has to be on disk before the runtime is told. */
  #admit({ bundle, containerId, runtime }: Asked): RestoredContainer {
    const container: RestoredContainer = {
      name: bundle.container,
      id: containerId,
      bundle: bundle.dir,
      cgroup: cgroupOf(bundle.cgroupsPath),
      runtime,
      init: null,
      started: false,
    };
    this.#untold.add(containerId);
    this.#standing.set({ restored: [...this.#document.restored, container] });
    return container;
  }

  /** See WarmUp. The runtime goes on once the state has arrived, is verified, and nobody has aborted. */
  async #warmUp(
    container: RestoredContainer,
    { bundle, runtime }: Asked,
    imageDir: string,
    deadline: Deadline,
  ): Promise<void> {
    // Known at once: whoever lets the container in waits for it.
    this.#warm = this.#startWaiting(container, bundle, imageDir);
    const warm = await this.#warm;
    while (warm !== undefined && !warm.gate.isReached) {
      if (!(await isAlive(runtime))) throw new StepError('restore', 'runc ended before it came to restore');
      if (deadline.past) throw new StepError('restore', 'runc did not come to restore before the deadline');
      await sleep(GATE_POLL_MS);
    }
  }

  async #startWaiting(
    container: RestoredContainer,
    bundle: Bundle,
    imageDir: string,
  ): Promise<Warm | undefined> {
    const workDir = await this.#restorer.prepare(container, bundle, this.#document.link);
    const gate = await this.#restorer.gate(workDir);
    if (this.#document.state === 'fetching') {
      this.#answer({ verdict: 'restore', imageDir, workDir, gate: gate.folder });
      return { gate, workDir };
    }
    await gate.remove();
    return undefined;
  }

  /** Makes all ready for one container's restore. From its answer on runc restores; an abort that came first has won. */
  async #letRestore(
    container: RestoredContainer,
    bundle: Bundle,
    from: TargetDocument['state'] = 'restoring',
  ): Promise<RuntimeAnswer> {
    if (this.#arrived === undefined) throw new StepError('restore', 'the state is not here');
    const warm = from === 'fetching' ? await this.#warm : undefined;
    const [imageDir, workDir] = await Promise.all([
      this.#arrived.deliver(bundle),
      warm?.workDir ?? this.#restorer.prepare(container, bundle, this.#document.link),
    ]);
    await failpoint('during-restore', this.#document.id);
    if (this.#document.state !== from) return { verdict: 'refuse', reason: reasonOf(this.#document.failure) };
    this.#untold.delete(container.id);
    this.#standing.change({ state: 'restoring' });
    warm?.gate.open();
    void this.#follow(container.name, { imageDir, workDir }).finally(() => warm?.gate.remove());
    return { verdict: 'restore', imageDir, workDir };
  }

  /** Follows the runtime until the container is restored and started. */
  async #follow(name: string, places: RestorePlaces): Promise<void> {
    try {
      const init = await this.#watch.phase(
        'restore',
        () => this.#restorer.untilRestored(this.#containerOf(name), places),
        name,
      );
      this.#update({ ...this.#containerOf(name), init });
      await this.#watch.phase('start', () => this.#untilStarted(name), name);
      await this.#decider.started();
    } catch (error) {
      await this.#decider.fail(error);
    }
  }

  async #untilStarted(name: string): Promise<void> {
    const deadline = new Deadline(START_LIMIT_MS);
    while (!this.#containerOf(name).started) {
      if (deadline.past)
        throw new StepError('start', `container '${name}' was restored, but not started by containerd`);
      await this.#standing.nextChange(deadline.left());
      if (this.#document.state !== 'restoring') return;
    }
  }

  /** A wrapper that dies while it waits (the kubelet gave up) leaves the target open for the kubelet's next try. */
  #releaseWhenGone(runtime: ProcessIdentity): void {
    const timer = setInterval(async () => {
      const mine = () => this.#document.state === 'waiting' && this.#held?.asked.runtime.pid === runtime.pid;
      if (mine() && (await isAlive(runtime))) return;
      clearInterval(timer);
      if (!mine()) return;
      this.#held = undefined;
      this.#standing.change({ state: 'absent' });
      await this.forgetState().catch((error: unknown) => this.#decider.fail(error));
    }, WAITER_POLL_MS);
    timer.unref();
  }

  #containerOf(name: string): RestoredContainer {
    const found = this.#document.restored.find((container) => container.name === name);
    if (found === undefined) throw new StepError('restore', `container '${name}' is not being restored`);
    return found;
  }

  #update(changed: RestoredContainer): void {
    const restored = this.#document.restored.map((each) => (each.name === changed.name ? changed : each));
    this.#standing.set({ restored });
  }
}

/** A runtime that waits for the state. */
interface Warm {
  gate: Gate;
  workDir: string;
}

const START_LIMIT_MS = 20_000;
const WAITER_POLL_MS = 1000;
const GATE_POLL_MS = 4;
