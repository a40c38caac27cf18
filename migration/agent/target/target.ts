import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentFailure } from '../../contract/agent-api.ts';
import type { Bundle } from '../bundle.ts';
import { failpoint } from '../failpoints.ts';
import { failureOf, RequestError, StepError } from '../failure.ts';
import type { Logger } from '../log.ts';
import { isAlive } from '../process.ts';
import type { Records } from '../records.ts';
import { Deadline } from '../stopwatch.ts';
import type { AheadMemory } from './ahead.ts';
import type { RuntimeAnswer } from './answer.ts';
import {
  isFinal,
  newTarget,
  type RestoredContainer,
  reasonOf,
  refusalOf,
  type TargetDocument,
} from './record.ts';
import type { Restorer } from './restorer.ts';
import { type Asked, type Bring, Staging } from './staging.ts';
import { Standing } from './standing.ts';

/**
 * One target: a pod on this node that comes to life with the state of another.
 *
 *   state      meaning                                             left by
 *   absent     nobody asked for it yet                             the wrapper's first `create` -> waiting; abort -> refused
 *   waiting    the wrapper is held at `create`                     the source's state -> fetching; abort -> refused;
 *                                                                  the wrapper's end (kubelet gave up) -> absent
 *   fetching   the state is on its way; the runtime may have been  complete -> restoring; error, deadline -> failed
 *              started, but for its CRIU
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
 * target that it finds fetching or restoring, or staged without its tasks, which went with the host, goes on waiting with one that has
 * them, and finishes the resume of a restored one.
 */
export class Target {
  readonly #standing: Standing;
  readonly #staging: Staging;
  readonly #restorer: Restorer;
  readonly #log: Logger;
  #opening: Promise<void> | undefined;

  constructor(id: string, context: TargetContext, document = newTarget(id)) {
    this.#restorer = context.restorer;
    this.#log = context.log.child({ migration: id, side: 'target' });
    this.#standing = new Standing(document, context.records, this.#log);
    this.#staging = new Staging(
      this.#standing,
      context.restorer,
      {
        waits: (asked) => {
          if (asked.origin.kind === 'checkpoint') this.#background(this.#fromCheckpoint(asked));
        },
        fail: (error) =>
          this.#fail(error).catch((unwritten: unknown) => this.#failed(unwritten, NOT_RECORDED)),
        started: () => this.#stageIfComplete(),
      },
      context.aheadDir,
    );
  }

  get document(): TargetDocument {
    return this.#standing.document;
  }

  /** Resolves when the state is one of `states`, or after `timeoutMs`. */
  until(states: ReadonlySet<TargetDocument['state']>, timeoutMs: number): Promise<void> {
    return this.#standing.until(states, timeoutMs);
  }

  /**
   * The wrapper's `create` for a container of this pod. Resolves with what it is to do; for the first container of a move
   * that may be minutes later.
   */
  async create(asked: Asked): Promise<RuntimeAnswer> {
    const { bundle } = asked;
    const refusal = refusalOf(this.document, bundle);
    if (refusal !== undefined) return { verdict: 'refuse', reason: refusal };
    if (!asked.containers.includes(bundle.container)) return this.#end(bundle);
    switch (this.document.state) {
      case 'absent':
      case 'waiting':
        return this.#staging.hold(asked);
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
    this.#staging.started(containerId);
  }

  /** What comes, or came, ahead of the state of the pod that waits. RequestError 409 when none does. */
  ahead(): AheadMemory {
    if (this.document.state !== 'waiting' && this.document.state !== 'fetching')
      throw new RequestError(409, `the target is ${this.document.state}, not waiting`, 'ahead');
    return this.#staging.ahead;
  }

  /**
   * Takes a move's state, by `bring`, and lets the waiting runtime restore it; resolves when the target is staged or final, or
   * failed at the deadline.
   */
  async take(containers: readonly string[], deadlineMs: number, bring: Bring): Promise<void> {
    const { state } = this.document;
    const deadline = new Deadline(deadlineMs);
    if (state === 'waiting') await this.#receive(containers, deadline, bring);
    else if (state === 'absent')
      await this.#fail(new StepError('restore', 'no container waits for this state here'));
    await this.until(SETTLED, deadline.left());
    if (SETTLED.has(this.document.state)) return;
    await this.#fail(new StepError('restore', `the pod was not restored within ${deadlineMs} ms`));
  }

  /** Lets a staged target run; again, if that was cut off before. In every other state it changes nothing. */
  async resume(): Promise<void> {
    if (this.document.state === 'staged') await this.#commit();
    await this.#standing.saved();
    if (this.document.state !== 'restored' || this.document.resumed) return;
    const { watch } = this.#staging;
    await this.#opened();
    await watch.phase('resume', async () => this.#restorer.resume(this.document.restored));
    this.#standing.set({ resumed: true, timings: [...watch.timings] });
    this.#log.info({ timings: this.document.timings }, 'restored');
    void this.#afterwards();
  }

  /** Gives the pod the address that it takes over: once, and again where that failed. */
  async #opened(): Promise<void> {
    const { link, podUid } = this.document;
    if (link === null || podUid === null) return;
    this.#opening ??= this.#staging.watch.phase('open', () => this.#restorer.open(link, podUid));
    try {
      await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  /** A target that is staged may still come to nothing: its sockets would close, and their other ends hear of it. */
  async #darken(): Promise<void> {
    const { link } = this.document;
    this.#opening = undefined;
    if (link !== null) await this.#restorer.darken(link);
  }

  /** What would take the processor from the tasks, and from whoever leads the packets here once he hears that they run. */
  async #afterwards(): Promise<void> {
    await sleep(AFTERWARDS_MS, undefined, { ref: false });
    const { link } = this.document;
    this.#background(this.#standing.save());
    this.#background(this.#staging.forgetState(), 'state left behind');
    if (link !== null) this.#background(this.#restorer.announce(link), 'address not announced');
  }

  /** Makes the target refuse for ever, durably, unless it runs already; the outcome is the state. */
  async abort(reason: string): Promise<void> {
    if (!isFinal(this.document.state))
      await this.#giveUp('refused', { step: 'abort', message: reason, criuLog: [] });
    await this.#standing.saved();
  }

  /** After a restart of the agent: see above. */
  async recover(): Promise<void> {
    const { state, restored } = this.document;
    // What it was restored on may be gone with the host: that must not keep the agent from all else.
    if (state === 'restored')
      await this.resume().catch((error: unknown) => this.#failed(error, 'not resumed'));
    if (state === 'waiting') this.#standing.change({ state: 'absent' });
    if (state === 'fetching' || state === 'restoring') await this.#fail(RESTARTED);
    if (state === 'staged') await this.#waitOn();
    if (state === 'failed' || state === 'refused') await this.#kill(restored);
  }

  async #waitOn(): Promise<void> {
    try {
      await this.#requireAlive();
      await this.#darken();
    } catch (error) {
      await this.#fail(error);
    }
  }

  /** A container that has run to its end in the source ends here, once; when it is run again later, it starts fresh. */
  async #end(bundle: Bundle): Promise<RuntimeAnswer> {
    const { state, done } = this.document;
    if (state === 'restored' && done.includes(bundle.container)) return { verdict: 'pass' };
    await this.#restorer.endAtOnce(bundle);
    if (!done.includes(bundle.container)) {
      this.#standing.set({ podUid: bundle.podUid, done: [...done, bundle.container] });
      await this.#standing.save();
    }
    return { verdict: 'pass' };
  }

  async #restoreNext(asked: Asked): Promise<RuntimeAnswer> {
    if (this.document.restored.some(({ name }) => name === asked.bundle.container))
      return this.#tooEarly(asked.bundle);
    try {
      return await this.#staging.restoreNext(asked);
    } catch (error) {
      await this.#fail(error);
      return { verdict: 'refuse', reason: reasonOf(this.document.failure) };
    }
  }

  /** A container that was restored and asks again before the others are: its tasks have died while they were stopped. */
  async #tooEarly({ container }: Bundle): Promise<RuntimeAnswer> {
    if (this.document.restored.some(({ name }) => name === container))
      await this.#fail(new StepError('restore', `container '${container}' ended before it was resumed`));
    return { verdict: 'refuse', reason: 'the pod is being restored' };
  }

  async #receive(containers: readonly string[], deadline: Deadline, bring: Bring): Promise<void> {
    const asked = this.#staging.waiting;
    const { link } = this.document;
    if (link !== null) this.#restorer.readyToOpen(link);
    try {
      if (asked === undefined) throw new StepError('restore', 'the runtime that waited has ended');
      requireSame(containers, this.document.containers);
      await this.#staging.arrive(asked, deadline, bring);
    } catch (error) {
      await this.#fail(error);
    }
  }

  async #fromCheckpoint(asked: Asked): Promise<void> {
    try {
      await this.#staging.arrive(asked, new Deadline(FETCH_CHECKPOINT_MS), asked.bring);
    } catch (error) {
      if (this.document.state !== 'fetching') return this.#fail(error);
      const failure = failureOf(error, 'fetch');
      this.#log.error({ failure }, 'checkpoint not fetched');
      this.#standing.change({ state: 'absent', failure, restored: [] });
      await this.#standing.forget();
      await this.#staging.refuse(reasonOf(failure));
    }
  }

  async #stageIfComplete(): Promise<void> {
    if (this.document.state !== 'restoring' || !this.#staging.isComplete) return;
    await this.#requireAlive();
    this.#standing.change({ state: 'staged', timings: [...this.#staging.watch.timings] });
    // The source need not wait for this write: cut off, it leaves a target that fails and has not run. A resume waits for it.
    this.#background(this.#standing.save());
    if (this.#isCheckpoint()) await this.resume();
  }

  /** A checkpoint's target is known by its pod. */
  #isCheckpoint(): boolean {
    return this.document.id === this.document.podUid;
  }

  async #commit(): Promise<void> {
    try {
      await failpoint('before-resume', this.document.id);
      await this.#requireAlive();
    } catch (error) {
      return this.#fail(error);
    }
    if (this.document.state !== 'staged') return;
    const staged = this.document;
    // Beside the write: the source has decided already, and the tasks wait for both.
    const opened = this.#opened().catch(() => undefined);
    try {
      await this.#standing.settle({ state: 'restored', failure: null });
    } catch (error) {
      this.#standing.takeBack(staged);
      await opened;
      await this.#darken();
      throw error;
    }
  }

  async #requireAlive(): Promise<void> {
    for (const { name, init } of this.document.restored)
      if (init === null || !(await isAlive(init)))
        throw new StepError('start', `container '${name}' ended before it was resumed`);
  }

  async #fail(error: unknown): Promise<void> {
    if (isFinal(this.document.state)) return;
    const failure = failureOf(error, 'restore');
    this.#log.error({ failure }, 'target failed');
    await this.#giveUp('failed', failure);
  }

  /** First on disk, so that nothing can be resumed any more; then whatever was restored is killed. */
  async #giveUp(state: 'failed' | 'refused', failure: AgentFailure): Promise<void> {
    await this.#standing.settle({ state, failure, timings: [...this.#staging.watch.timings] });
    await this.#staging.refuse(reasonOf(failure));
    await this.#kill(this.#staging.told);
    await this.#staging.forgetState();
  }

  /** What is left of it is stopped for ever, and goes with its pod. */
  async #kill(containers: readonly RestoredContainer[]): Promise<void> {
    await this.#restorer
      .kill(containers)
      .catch((error: unknown) => this.#log.error({ error: String(error) }, 'stopped tasks left behind'));
    this.#restorer.forget(this.document.restored);
  }

  /** Work that nobody waits for. After a record that cannot be written a restart finds out. */
  #background(work: Promise<void>, failed = NOT_RECORDED): void {
    work.catch((error: unknown) => this.#failed(error, failed));
  }

  #failed(error: unknown, what: string): void {
    this.#log.error({ error: String(error) }, what);
  }
}

export interface TargetContext {
  records: Records<TargetDocument>;
  restorer: Restorer;
  /** For what is sent ahead: a folder of its own, in memory. */
  aheadDir: string;
  log: Logger;
}

const SETTLED: ReadonlySet<TargetDocument['state']> = new Set(['staged', 'restored', 'failed', 'refused']);

const FETCH_CHECKPOINT_MS = 110_000;

const AFTERWARDS_MS = 100;

const NOT_RECORDED = 'not recorded';

const RESTARTED = new StepError('restore', "the target's agent was restarted before the pod was restored");

function requireSame(sent: readonly string[], wanted: readonly string[]): void {
  const text = (names: readonly string[]): string => [...names].sort().join(', ');
  if (text(sent) !== text(wanted))
    throw new StepError(
      'restore',
      `the state is of containers ${text(sent)}, the pod waits for ${text(wanted)}`,
    );
}
