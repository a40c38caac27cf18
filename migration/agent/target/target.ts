import type { AgentFailure, RestoreRequest } from '../../contract/agent-api.ts';
import type { Bundle, Origin } from '../bundle.ts';
import { failureOf, StepError } from '../failure.ts';
import type { Logger } from '../log.ts';
import { isAlive, type ProcessIdentity } from '../process.ts';
import type { Records } from '../records.ts';
import { Deadline, Stopwatch } from '../stopwatch.ts';
import type { RuntimeAnswer } from './answer.ts';
import { isFinal, newTarget, type TargetDocument } from './record.ts';
import { untilRestored } from './restoring.ts';

/**
 * One target: a pod on this node that comes to life with the state of another.
 *
 *   state      meaning                                             left by
 *   absent     nobody asked for it yet                             the wrapper's `create` -> waiting; abort -> refused
 *   waiting    the wrapper is held at `create`                     the source's restore -> fetching; abort -> refused;
 *                                                                  the wrapper's end (kubelet gave up) -> absent
 *   fetching   the state is on its way and being unpacked          done -> restoring; error, deadline -> failed;
 *                                                                  abort -> refused
 *   restoring  the wrapper was told to restore and is runc now     runc's pid file and `started` -> restored; its end
 *                                                                  without them -> failed. An abort waits for either.
 *   restored   final: the tasks run. A later `create` for the pod is a restart, and starts fresh
 *   failed     final: it will never run; every later `create` is refused
 *   refused    final: aborted before it ran; every later `create` is refused
 *
 * A checkpoint's target goes absent -> fetching by itself, and a failed fetch returns it to absent: no source waits
 * for its fate, so the kubelet may try again.
 *
 * From `fetching` on the state is on disk before anything depends on it. A restarted agent goes on with `fetching` and
 * `restoring` alike: it watches the runtime to its end, and takes a wrapper that asks once more for one that was never told.
 */
export class Target {
  readonly #records: Records<TargetDocument>;
  readonly #log: Logger;
  readonly #watchers = new Set<() => void>();
  #document: TargetDocument;
  #held: ((answer: RuntimeAnswer) => void) | undefined;
  #started: () => void = () => undefined;

  constructor(id: string, records: Records<TargetDocument>, log: Logger, document = newTarget(id)) {
    this.#records = records;
    this.#log = log.child({ migration: id, side: 'target' });
    this.#document = document;
  }

  get document(): TargetDocument {
    return this.#document;
  }

  /** Resolves when the state is one of `states`, or after `timeoutMs`. */
  async until(states: ReadonlySet<TargetDocument['state']>, timeoutMs: number): Promise<void> {
    if (states.has(this.#document.state) || timeoutMs <= 0) return;
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

  /** Resolves when the state is final, or after `timeoutMs`. */
  untilFinal(timeoutMs: number): Promise<void> {
    return this.until(new Set(['restored', 'failed', 'refused']), timeoutMs);
  }

  /**
   * The wrapper's `create` for a container of this pod. Resolves with what it is to do; for a move that may be minutes
   * later. `fetch` brings a checkpoint's state.
   */
  async create(asked: {
    bundle: Bundle;
    origin: Origin;
    containerId: string;
    runtime: ProcessIdentity;
    obtain: Obtain;
  }): Promise<RuntimeAnswer> {
    const { bundle, origin, containerId, runtime } = asked;
    if (this.#wasCutOff(containerId))
      await this.#fail(new StepError('fetch', "the target's agent was restarted while the state arrived"));
    // From here to `waiting` nothing else may come in between.
    const settled = this.#settledAnswer(bundle);
    if (settled) return settled;
    this.#answer({ verdict: 'refuse', reason: 'another container of this pod took its place' });
    const answer = new Promise<RuntimeAnswer>((resolve) => {
      this.#held = resolve;
    });
    this.#change({
      state: 'waiting',
      podUid: bundle.podUid,
      container: bundle.container,
      containerId,
      bundle: bundle.dir,
      runtime,
    });
    this.#releaseWhenGone(runtime);
    if (origin.kind === 'checkpoint') this.#background(this.#fromCheckpoint(asked.obtain));
    return answer;
  }

  /** The same container asks twice only if its first question was cut off by the end of an earlier agent. */
  #wasCutOff(containerId: string): boolean {
    const { state } = this.#document;
    return (state === 'fetching' || state === 'restoring') && this.#document.containerId === containerId;
  }

  /** The answer for a `create` that is not the first of this target; undefined when it is. */
  #settledAnswer(bundle: Bundle): RuntimeAnswer | undefined {
    const { state, podUid, container, failure } = this.#document;
    if (podUid !== null && podUid !== bundle.podUid && state !== 'absent')
      return { verdict: 'refuse', reason: `this state belongs to the pod with uid ${podUid}` };
    if (container !== null && container !== bundle.container && state !== 'absent')
      return {
        verdict: 'refuse',
        reason: `only one container of a pod can be restored; that is '${container}'`,
      };
    switch (state) {
      case 'absent':
      case 'waiting':
        return undefined;
      case 'restored':
        return { verdict: 'pass' };
      case 'fetching':
      case 'restoring':
        return { verdict: 'refuse', reason: 'the pod is being restored' };
      case 'failed':
      case 'refused':
        return { verdict: 'refuse', reason: reasonOf(failure) };
    }
  }

  /** The wrapper's `start`: the restored container goes on under the shim's eyes. */
  started(): void {
    this.#started();
  }

  /** Brings a move's state to the waiting wrapper; resolves when the target is final, or past the deadline. */
  async restore(request: RestoreRequest, obtain: Obtain): Promise<void> {
    const { state, container } = this.#document;
    if (state === 'waiting' && container === request.container) {
      await this.#receive(obtain, new Deadline(request.deadlineMs));
    } else if (state === 'waiting') {
      await this.#fail(
        new StepError('restore', `container '${container}' waits, not '${request.container}'`),
      );
    } else if (state === 'absent') {
      await this.#fail(new StepError('restore', 'no container waits for this state here'));
    }
    await this.untilFinal(request.deadlineMs);
  }

  /** Makes the target refuse for ever, durably, unless it runs already; the outcome is the state. */
  async abort(reason: string, waitMs: number): Promise<void> {
    if (this.#document.state === 'restoring') await this.untilFinal(waitMs);
    if (isFinal(this.#document.state) || this.#document.state === 'restoring') return;
    await this.#settle({ state: 'refused', failure: { step: 'abort', message: reason, criuLog: [] } });
    this.#answer({ verdict: 'refuse', reason });
  }

  /**
   * After a restart of the agent: finds out what became of a restore that was under way. Whether the runtime was told to
   * restore is not known, so it has to be taken for restoring: an abort may not win any more before its end is seen.
   */
  resume(workDir: string, cleanUp: () => Promise<void>): void {
    this.#change({ state: 'restoring' });
    this.#background(this.#follow(workDir, cleanUp, new Stopwatch()));
  }

  async #receive(obtain: Obtain, deadline: Deadline): Promise<void> {
    this.#change({ state: 'fetching' });
    const watch = new Stopwatch();
    try {
      const saved = this.#save();
      const state = await watch.phase('fetch', () => obtain.fetch(deadline));
      await saved;
      if (deadline.past) throw new StepError('fetch', 'the state arrived after the deadline');
      await this.#restoreBy(state, watch);
    } catch (error) {
      await this.#fail(error, watch);
      await obtain.cleanUp();
    }
  }

  async #fromCheckpoint(obtain: Obtain): Promise<void> {
    this.#change({ state: 'fetching', timings: [], failure: null });
    const watch = new Stopwatch();
    try {
      const state = await watch.phase('fetch', () => obtain.fetch(new Deadline(FETCH_CHECKPOINT_MS)));
      await this.#save();
      await this.#restoreBy(state, watch);
    } catch (error) {
      await obtain.cleanUp();
      if (this.#document.state !== 'fetching') return;
      const failure = failureOf(error, 'fetch');
      this.#log.error({ failure }, 'checkpoint not fetched');
      this.#change({ state: 'absent', failure });
      await this.#records.remove(this.#document.id);
      this.#answer({ verdict: 'refuse', reason: reasonOf(failure) });
    }
  }

  /** The point from which only the runtime's end tells the outcome. An abort that came first has won. */
  async #restoreBy(state: ObtainedState, watch: Stopwatch): Promise<void> {
    const { runtime } = this.#document;
    if (runtime === null || !(await isAlive(runtime)))
      throw new StepError('restore', 'the runtime that waited has ended: the kubelet gave up on it');
    if (this.#document.state !== 'fetching') return state.cleanUp();
    this.#change({ state: 'restoring' });
    this.#background(this.#follow(state.workDir, state.cleanUp, watch));
    this.#answer({ verdict: 'restore', imageDir: state.imageDir, workDir: state.workDir });
  }

  async #follow(workDir: string, cleanUp: () => Promise<void>, watch: Stopwatch): Promise<void> {
    const { bundle, runtime } = this.#document;
    try {
      if (bundle === null || runtime === null) throw new StepError('restore', 'no container waited');
      const started = new Promise<void>((resolve) => {
        this.#started = resolve;
      });
      const init = await watch.phase('restore', () => untilRestored(bundle, runtime, workDir));
      await watch.phase('start', () => Promise.race([started, limit(START_LIMIT_MS)]));
      if (!(await isAlive(init))) throw new StepError('start', 'the restored process ended at once');
      if (isFinal(this.#document.state)) return;
      this.#change({ state: 'restored', failure: null, timings: [...watch.timings] });
      await this.#save();
      this.#log.info({ timings: watch.timings }, 'restored');
    } catch (error) {
      await this.#fail(error, watch);
    } finally {
      await cleanUp().catch((error: unknown) =>
        this.#log.warn({ error: String(error) }, 'staging not removed'),
      );
    }
  }

  async #fail(error: unknown, watch = new Stopwatch()): Promise<void> {
    if (isFinal(this.#document.state)) return;
    const failure = failureOf(error, 'restore');
    this.#log.error({ failure }, 'target failed');
    await this.#settle({ state: 'failed', failure, timings: [...watch.timings] });
    this.#answer({ verdict: 'refuse', reason: reasonOf(failure) });
  }

  /** A wrapper that dies while it waits (the kubelet gave up) leaves the target open for the kubelet's next try. */
  #releaseWhenGone(runtime: ProcessIdentity): void {
    const timer = setInterval(async () => {
      const mine = this.#document.state === 'waiting' && this.#document.runtime?.pid === runtime.pid;
      if (mine && (await isAlive(runtime))) return;
      clearInterval(timer);
      if (!mine || this.#document.state !== 'waiting') return;
      this.#held = undefined;
      this.#change({ state: 'absent' });
    }, WAITER_POLL_MS);
    timer.unref();
  }

  #answer(answer: RuntimeAnswer): void {
    this.#held?.(answer);
    this.#held = undefined;
  }

  #change(part: Partial<TargetDocument>): void {
    this.#set(part);
    for (const look of [...this.#watchers]) look();
  }

  /** A change that others may act upon only once it is durable. */
  async #settle(part: Partial<TargetDocument>): Promise<void> {
    this.#set(part);
    try {
      await this.#save();
    } finally {
      for (const look of [...this.#watchers]) look();
    }
  }

  /** Work that nobody waits for. All that can go wrong in it is a record that cannot be written; a restart finds out. */
  #background(work: Promise<void>): void {
    work.catch((error: unknown) => this.#log.error({ error: String(error) }, 'not recorded'));
  }

  #set(part: Partial<TargetDocument>): void {
    const before = this.#document.state;
    this.#document = { ...this.#document, ...part, changedAt: new Date().toISOString() };
    if (part.state !== undefined) this.#log.info({ from: before, to: part.state }, 'target');
  }

  #save(): Promise<void> {
    return this.#records.save(this.#document);
  }
}

/** How a target gets its state. */
export interface Obtain {
  /** Brings the state into memory and into the container's root file system. */
  fetch(deadline: Deadline): Promise<ObtainedState>;
  /** Removes what a failed fetch left. */
  cleanUp(): Promise<void>;
}

export interface ObtainedState {
  imageDir: string;
  workDir: string;
  cleanUp(): Promise<void>;
}

const FETCH_CHECKPOINT_MS = 110_000;
const START_LIMIT_MS = 5000;
const WAITER_POLL_MS = 1000;

const limit = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });

function reasonOf(failure: AgentFailure | null): string {
  return failure === null ? 'the pod was refused' : `${failure.step}: ${failure.message}`;
}
