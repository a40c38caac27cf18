import type { AgentFailure } from '../../contract/agent-api.ts';
import type { Bundle, Origin } from '../bundle.ts';
import { failpoint } from '../failpoints.ts';
import { failureOf, StepError } from '../failure.ts';
import type { Logger } from '../log.ts';
import { isAlive, type ProcessIdentity } from '../process.ts';
import type { Records } from '../records.ts';
import { Deadline, Stopwatch } from '../stopwatch.ts';
import type { RuntimeAnswer } from './answer.ts';
import { cgroupOf } from './cgroup.ts';
import type { PodState } from './pod-state.ts';
import { isFinal, newTarget, type RestoredContainer, type TargetDocument } from './record.ts';
import type { Restorer } from './restorer.ts';

/**
 * One target: a pod on this node that comes to life with the state of another.
 *
 *   state      meaning                                             left by
 *   absent     nobody asked for it yet                             the wrapper's first `create` -> waiting; abort -> refused
 *   waiting    the wrapper is held at `create`                     the source's state -> fetching; abort -> refused;
 *                                                                  the wrapper's end (kubelet gave up) -> absent
 *   fetching   the state is on its way                             complete -> restoring; error, deadline -> failed
 *   restoring  containers are restored, one after another as the   the last one's `start` -> staged; a runc that ends without
 *              kubelet asks for them; each stays stopped           a container, deadline -> failed
 *   staged     all are restored, none has run an instruction       resume -> restored; a container that is gone -> failed
 *   restored   final: the tasks run. A later `create` of a container is a restart, and starts fresh
 *   failed     final: it will never run; every later `create` is refused
 *   refused    final: aborted before it ran; every later `create` is refused
 *
 * An abort makes it `refused` in any state before `restored`: first on disk, then what was restored is killed. `restored` is on disk
 * before the first task is told to go on. A checkpoint has no judge: its target goes absent -> fetching and staged -> restored by
 * itself, and a failed fetch returns it to absent, so that the kubelet may try again.
 *
 * From `fetching` on the state is on disk, with every container that the runtime is told to restore. A restarted agent fails a
 * target that it finds fetching or restoring, goes on waiting with a staged one, and finishes the resume of a restored one.
 */
export class Target {
  readonly #records: Records<TargetDocument>;
  readonly #restorer: Restorer;
  readonly #log: Logger;
  readonly #watchers = new Set<() => void>();
  #document: TargetDocument;
  #held: Held | undefined;
  #arrived: PodState | undefined;
  #watch = new Stopwatch();
  /** Ids of containers that are to be restored and whose runtime still waits for the word. */
  readonly #untold = new Set<string>();
  /** The last write of the record; what is final is told to others only after it. */
  #saved: Promise<void> = Promise.resolve();

  constructor(
    id: string,
    context: { records: Records<TargetDocument>; restorer: Restorer; log: Logger },
    document = newTarget(id),
  ) {
    this.#records = context.records;
    this.#restorer = context.restorer;
    this.#log = context.log.child({ migration: id, side: 'target' });
    this.#document = document;
  }

  get document(): TargetDocument {
    return this.#document;
  }

  /** Resolves when the state is one of `states`, or after `timeoutMs`. */
  async until(states: ReadonlySet<TargetDocument['state']>, timeoutMs: number): Promise<void> {
    if (!states.has(this.#document.state) && timeoutMs > 0) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          this.#watchers.delete(look);
          resolve();
        };
        const look = (): void => {
          if (states.has(this.#document.state)) done();
        };
        const timer = setTimeout(done, timeoutMs);
        this.#watchers.add(look);
      });
    }
    if (isFinal(this.#document.state)) await this.#saved.catch(() => undefined);
  }

  /**
   * The wrapper's `create` for a container of this pod. Resolves with what it is to do; for the first container of a move
   * that may be minutes later.
   */
  async create(asked: Asked): Promise<RuntimeAnswer> {
    const { bundle } = asked;
    const refusal = this.#refusal(bundle);
    if (refusal !== undefined) return { verdict: 'refuse', reason: refusal };
    if (!asked.containers.includes(bundle.container)) return this.#end(bundle);
    switch (this.#document.state) {
      case 'absent':
      case 'waiting':
        return this.#hold(asked);
      case 'restoring':
        return this.#restoreNext(asked);
      case 'restored':
        return { verdict: 'pass' };
      default:
        return this.#tooEarly(bundle);
    }
  }

  /** The wrapper's `start`: the restored container goes on under the shim's eyes. */
  started(containerId: string): void {
    const container = this.#document.restored.find(({ id }) => id === containerId);
    if (container === undefined || container.started) return;
    this.#update({ ...container, started: true });
    this.#look();
  }

  /**
   * Takes a move's state, by `bring`, and lets the waiting runtime restore it; resolves when the target is staged or final, or
   * failed at the deadline.
   */
  async take(containers: readonly string[], deadlineMs: number, bring: Bring): Promise<void> {
    const { state } = this.#document;
    const deadline = new Deadline(deadlineMs);
    if (state === 'waiting') await this.#receive(containers, deadline, bring);
    else if (state === 'absent')
      await this.#fail(new StepError('restore', 'no container waits for this state here'));
    await this.until(SETTLED, deadline.left());
    if (SETTLED.has(this.#document.state)) return;
    await this.#fail(new StepError('restore', `the pod was not restored within ${deadlineMs} ms`));
  }

  /** Lets a staged target run; again, if that was cut off before. In every other state it changes nothing. */
  async resume(): Promise<void> {
    if (this.#document.state === 'staged') await this.#commit();
    await this.#saved;
    if (this.#document.state !== 'restored' || this.#document.resumed) return;
    await this.#watch.phase('resume', async () => this.#restorer.resume(this.#document.restored));
    this.#set({ resumed: true, timings: [...this.#watch.timings] });
    this.#background(this.#save());
    this.#log.info({ timings: this.#document.timings }, 'restored');
  }

  /** Makes the target refuse for ever, durably, unless it runs already; the outcome is the state. */
  async abort(reason: string): Promise<void> {
    if (!isFinal(this.#document.state))
      await this.#giveUp('refused', { step: 'abort', message: reason, criuLog: [] });
    await this.#saved;
  }

  /** After a restart of the agent: see above. */
  async recover(): Promise<void> {
    const { state, restored } = this.#document;
    if (state === 'restored') return this.resume();
    if (state === 'waiting') this.#change({ state: 'absent' });
    if (state === 'fetching' || state === 'restoring') await this.#fail(RESTARTED);
    if (state === 'failed' || state === 'refused') await this.#kill(restored);
  }

  /** Why a container of this pod is not let in, whatever it is; undefined when it may be. */
  #refusal(bundle: Bundle): string | undefined {
    const { state, podUid, failure } = this.#document;
    if (state === 'failed' || state === 'refused') return reasonOf(failure);
    if (podUid !== null && podUid !== bundle.podUid && state !== 'absent')
      return `this state belongs to the pod with uid ${podUid}`;
    return undefined;
  }

  /** A container that has run to its end in the source ends here, once; when it is run again later, it starts fresh. */
  async #end(bundle: Bundle): Promise<RuntimeAnswer> {
    const { state, done } = this.#document;
    if (state === 'restored' && done.includes(bundle.container)) return { verdict: 'pass' };
    await this.#restorer.endAtOnce(bundle);
    if (!done.includes(bundle.container)) {
      this.#set({ podUid: bundle.podUid, done: [...done, bundle.container] });
      await this.#save();
    }
    return { verdict: 'pass' };
  }

  async #hold(asked: Asked): Promise<RuntimeAnswer> {
    const { bundle, runtime, containers, origin } = asked;
    const podIPs = await this.#restorer.addresses(bundle);
    // It may have been aborted meanwhile. From here to `waiting` nothing else may come in between.
    const refusal = this.#refusal(bundle);
    if (refusal !== undefined) return { verdict: 'refuse', reason: refusal };
    this.#answer({ verdict: 'refuse', reason: 'another container of this pod took its place' });
    const answer = new Promise<RuntimeAnswer>((resolve) => {
      this.#held = { asked, answer: resolve };
    });
    this.#change({ state: 'waiting', podUid: bundle.podUid, podIPs, containers: [...containers] });
    this.#releaseWhenGone(runtime);
    if (origin.kind === 'checkpoint') this.#background(this.#fromCheckpoint(asked));
    return answer;
  }

  /** The containers after the first do not wait: the state is there when the kubelet gets to them. */
  async #restoreNext(asked: Asked): Promise<RuntimeAnswer> {
    if (this.#document.restored.some(({ name }) => name === asked.bundle.container))
      return this.#tooEarly(asked.bundle);
    try {
      const container = this.#admit(asked);
      await this.#save();
      return await this.#letRestore(container, asked.bundle);
    } catch (error) {
      await this.#fail(error);
      return { verdict: 'refuse', reason: reasonOf(this.#document.failure) };
    }
  }

  /** A container that was restored and asks again before the others are: its tasks have died while they were stopped. */
  async #tooEarly({ container }: Bundle): Promise<RuntimeAnswer> {
    if (this.#document.restored.some(({ name }) => name === container))
      await this.#fail(new StepError('restore', `container '${container}' ended before it was resumed`));
    return { verdict: 'refuse', reason: 'the pod is being restored' };
  }

  async #receive(containers: readonly string[], deadline: Deadline, bring: Bring): Promise<void> {
    const held = this.#held;
    try {
      if (held === undefined) throw new StepError('restore', 'the runtime that waited has ended');
      requireSame(containers, this.#document.containers);
      await this.#arrive(held.asked, deadline, bring);
    } catch (error) {
      await this.#fail(error);
    }
  }

  async #fromCheckpoint(asked: Asked): Promise<void> {
    try {
      await this.#arrive(asked, new Deadline(FETCH_CHECKPOINT_MS), asked.bring);
    } catch (error) {
      if (this.#document.state !== 'fetching') return this.#fail(error);
      const failure = failureOf(error, 'fetch');
      this.#log.error({ failure }, 'checkpoint not fetched');
      this.#change({ state: 'absent', failure, restored: [] });
      await this.#records.remove(this.#document.id);
      this.#answer({ verdict: 'refuse', reason: reasonOf(failure) });
    }
  }

  /** Brings the state here, delivers what the containers share, and lets the first one in. */
  async #arrive(asked: Asked, deadline: Deadline, bring: Bring): Promise<void> {
    const { bundle, runtime } = asked;
    this.#watch = new Stopwatch();
    this.#change({ state: 'fetching', timings: [], failure: null, restored: [] });
    const container = this.#admit(asked);
    const saved = this.#save();
    this.#arrived = await this.#watch.phase('fetch', () => bring(deadline, bundle));
    try {
      await this.#arrived.deliverShared(bundle);
      await saved;
      if (deadline.past) throw new StepError('fetch', 'the state arrived after the deadline');
      if (!(await isAlive(runtime)))
        throw new StepError('restore', 'the runtime that waited has ended: the kubelet gave up on it');
      this.#answer(await this.#letRestore(container, bundle, 'fetching'));
    } finally {
      if (this.#document.state !== 'restoring') await this.#forgetState();
    }
  }

  /** The state is of no use any more. */
  async #forgetState(): Promise<void> {
    const arrived = this.#arrived;
    this.#arrived = undefined;
    await arrived?.remove();
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
    this.#set({ restored: [...this.#document.restored, container] });
    return container;
  }

  /** Makes all ready for one container's restore. From its answer on runc restores; an abort that came first has won. */
  async #letRestore(
    container: RestoredContainer,
    bundle: Bundle,
    from: TargetDocument['state'] = 'restoring',
  ): Promise<RuntimeAnswer> {
    if (this.#arrived === undefined) throw new StepError('restore', 'the state is not here');
    const [imageDir, workDir] = await Promise.all([
      this.#arrived.deliver(bundle),
      this.#restorer.prepare(container, bundle),
    ]);
    await failpoint('during-restore', this.#document.id);
    if (this.#document.state !== from) return { verdict: 'refuse', reason: reasonOf(this.#document.failure) };
    this.#untold.delete(container.id);
    this.#change({ state: 'restoring' });
    this.#background(this.#follow(container.name, workDir));
    return { verdict: 'restore', imageDir, workDir };
  }

  /** Follows the runtime until the container is restored and started; the last one makes the target staged. */
  async #follow(name: string, workDir: string): Promise<void> {
    try {
      const init = await this.#watch.phase(
        'restore',
        () => this.#restorer.untilRestored(this.#containerOf(name), workDir),
        name,
      );
      this.#update({ ...this.#containerOf(name), init });
      await this.#watch.phase('start', () => this.#untilStarted(name), name);
      await this.#stageIfComplete();
    } catch (error) {
      await this.#fail(error);
    }
  }

  async #untilStarted(name: string): Promise<void> {
    const deadline = new Deadline(START_LIMIT_MS);
    while (!this.#containerOf(name).started) {
      if (deadline.past)
        throw new StepError('start', `container '${name}' was restored, but not started by containerd`);
      await this.#nextLook(deadline.left());
      if (this.#document.state !== 'restoring') return;
    }
  }

  async #stageIfComplete(): Promise<void> {
    const { state, containers, restored } = this.#document;
    const isReady = ({ init, started }: RestoredContainer): boolean => init !== null && started;
    const ready = new Set(restored.filter(isReady).map(({ name }) => name));
    if (state !== 'restoring' || !containers.every((name) => ready.has(name))) return;
    await this.#requireAlive();
    this.#change({ state: 'staged', timings: [...this.#watch.timings] });
    // The source need not wait for this write: cut off, it leaves a target that fails and has not run. A resume waits for it.
    this.#background(this.#save());
    this.#background(this.#forgetState());
    if (this.#isCheckpoint()) await this.resume();
  }

  /** A checkpoint's target is known by its pod. */
  #isCheckpoint(): boolean {
    return this.#document.id === this.#document.podUid;
  }

  async #commit(): Promise<void> {
    try {
      await failpoint('before-resume', this.#document.id);
      await this.#requireAlive();
    } catch (error) {
      return this.#fail(error);
    }
    if (this.#document.state !== 'staged') return;
    const staged = this.#document;
    try {
      await this.#settle({ state: 'restored', failure: null });
    } catch (error) {
      this.#document = staged;
      throw error;
    }
  }

  async #requireAlive(): Promise<void> {
    for (const { name, init } of this.#document.restored)
      if (init === null || !(await isAlive(init)))
        throw new StepError('start', `container '${name}' ended before it was resumed`);
  }

  async #fail(error: unknown): Promise<void> {
    if (isFinal(this.#document.state)) return;
    const failure = failureOf(error, 'restore');
    this.#log.error({ failure }, 'target failed');
    await this.#giveUp('failed', failure);
  }

  /** First on disk, so that nothing can be resumed any more; then whatever was restored is killed. */
  async #giveUp(state: 'failed' | 'refused', failure: AgentFailure): Promise<void> {
    await this.#settle({ state, failure, timings: [...this.#watch.timings] });
    this.#answer({ verdict: 'refuse', reason: reasonOf(failure) });
    await this.#kill(this.#document.restored.filter(({ id }) => !this.#untold.has(id)));
    await this.#forgetState();
  }

  /** What is left of it is stopped for ever, and goes with its pod. */
  async #kill(containers: readonly RestoredContainer[]): Promise<void> {
    await this.#restorer
      .kill(containers)
      .catch((error: unknown) => this.#log.error({ error: String(error) }, 'stopped tasks left behind'));
  }

  /** A wrapper that dies while it waits (the kubelet gave up) leaves the target open for the kubelet's next try. */
  #releaseWhenGone(runtime: ProcessIdentity): void {
    const timer = setInterval(async () => {
      const mine = () => this.#document.state === 'waiting' && this.#held?.asked.runtime.pid === runtime.pid;
      if (mine() && (await isAlive(runtime))) return;
      clearInterval(timer);
      if (!mine()) return;
      this.#held = undefined;
      this.#change({ state: 'absent' });
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
    this.#set({ restored });
  }

  #answer(answer: RuntimeAnswer): void {
    this.#held?.answer(answer);
    this.#held = undefined;
  }

  #change(part: Partial<TargetDocument>): void {
    this.#set(part);
    this.#look();
  }

  /** A change that others may act upon only once it is durable. */
  async #settle(part: Partial<TargetDocument>): Promise<void> {
    this.#set(part);
    try {
      await this.#save();
    } finally {
      this.#look();
    }
  }

  #look(): void {
    for (const look of [...this.#watchers]) look();
  }

  /** Resolves at the next change, or after `timeoutMs`. */
  async #nextLook(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#watchers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#watchers.add(done);
    });
  }

  /** Work that nobody waits for. All that can go wrong in it is a record that cannot be written; a restart finds out. */
  #background(work: Promise<void>): void {
    work.catch((error: unknown) => this.#log.error({ error: String(error) }, 'not recorded'));
  }

  #set(part: Partial<TargetDocument>): void {
    const before = this.#document;
    this.#document = { ...before, ...part, changedAt: new Date().toISOString() };
    if (part.state !== undefined) this.#log.info({ from: before.state, to: part.state }, 'target');
  }

  #save(): Promise<void> {
    this.#saved = this.#records.save(this.#document);
    return this.#saved;
  }
}

/** Brings a state to this node, for the pod of the container that waits; resolves when it is whole and verified. */
export type Bring = (deadline: Deadline, bundle: Bundle) => Promise<PodState>;

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

const SETTLED: ReadonlySet<TargetDocument['state']> = new Set(['staged', 'restored', 'failed', 'refused']);

const FETCH_CHECKPOINT_MS = 110_000;
const START_LIMIT_MS = 20_000;
const WAITER_POLL_MS = 1000;

const RESTARTED = new StepError('restore', "the target's agent was restarted before the pod was restored");

function requireSame(sent: readonly string[], wanted: readonly string[]): void {
  const text = (names: readonly string[]): string => [...names].sort().join(', ');
  if (text(sent) !== text(wanted))
    throw new StepError(
      'restore',
      `the state is of containers ${text(sent)}, the pod waits for ${text(wanted)}`,
    );
}

function reasonOf(failure: AgentFailure | null): string {
  return failure === null ? 'the pod was refused' : `${failure.step}: ${failure.message}`;
}
