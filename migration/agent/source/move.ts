import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { AgentFailure, MoveRequest, RestoreRequest, TargetRecord } from '../../contract/agent-api.ts';
import { failureOf, inStep, RequestError, StepError } from '../failure.ts';
import type { Logger } from '../log.ts';
import type { Records } from '../records.ts';
import { Deadline, milliseconds, Stopwatch } from '../stopwatch.ts';
import { below, migrationFolder } from '../store/path.ts';
import type { Store } from '../store/store.ts';
import { stagingName } from '../tidy.ts';
import { packState, sha256Of } from './archive.ts';
import type { Containers, FoundContainer } from './containers.ts';
import type { SourceDocument } from './record.ts';
import type { TargetLink } from './target-link.ts';

/**
 * The source of one move: a container that is frozen, dumped, and let go only when its target's fate is known.
 *
 *   state     meaning                                               left by
 *   moving    being prepared, frozen, dumped, sent, restored        the target runs -> restored; any failure while the target
 *                                                                   cannot run -> thawed; the target's fate unknown -> frozen
 *   frozen    stays frozen: the target may run or not               the operator, who finds out: abort -> thawed,
 *                                                                   release -> released
 *   restored  stays frozen: the target runs                         the operator's release, after its commit -> released
 *   thawed    final: runs on as if nothing had happened
 *   released  final: killed without running another instruction
 *
 * The target cannot run before it was asked to restore, and never after it refused. So up to the request a failure thaws
 * at once; after it the target is first made to refuse, and its answer decides. The record is written before the freeze and
 * covers a crash at any later point: a restarted agent waits for a dump under way to end, asks the target to
 * refuse, and goes by the answer.
 */
export class Move {
  readonly #context: MoveContext;
  readonly #log: Logger;
  #document: SourceDocument;
  #giveUp: string | undefined;
  /** The run of the state machine, from `moving` to a state that only the operator changes. */
  #run: Promise<void> = Promise.resolve();

  constructor(document: SourceDocument, context: MoveContext) {
    this.#context = context;
    this.#log = context.log.child({ migration: document.id, side: 'source' });
    this.#document = document;
  }

  get document(): SourceDocument {
    return this.#document;
  }

  /** Resolves when the move has come to a state that only the operator changes. */
  ended(): Promise<void> {
    return this.#run;
  }

  start(request: MoveRequest): void {
    this.#run = this.#linked((link) => this.#move(request, link));
  }

  /** After a restart of the agent, with a record that says `moving`. */
  resume(): void {
    this.#run = this.#linked((link) => this.#recover(link));
  }

  /** Thaws, when the target does not run. RequestError 409 when it does, or the source is gone. */
  async abort(reason: string): Promise<void> {
    this.#giveUp = reason;
    await this.#run;
    const { state } = this.#document;
    if (state === 'restored' || state === 'released')
      throw new RequestError(409, `the target runs: the source is ${state} and cannot go on`, 'abort');
    if (state === 'frozen') await this.#thaw({ step: 'abort', message: reason, criuLog: [] });
  }

  /** Ends the frozen tasks. RequestError 409 while the target may not run. */
  async release(): Promise<void> {
    await this.#run;
    const { state, cgroup } = this.#document;
    if (state === 'released') return;
    if (state === 'thawed') throw new RequestError(409, 'the source was thawed and runs', 'release');
    const watch = new Stopwatch();
    if (cgroup !== null) await watch.phase('release', () => this.#context.containers.kill(cgroup));
    await this.#save({ state: 'released', timings: [...this.#document.timings, ...watch.timings] });
    await this.#cleanUp();
  }

  /** Runs the state machine with a connection to the target. What goes wrong at its very end is only logged. */
  async #linked(work: (link: TargetLink) => Promise<void>): Promise<void> {
    const { id, targetAgent } = this.#document;
    if (targetAgent === null) return;
    const link = this.#context.connect(id, targetAgent);
    try {
      await work(link);
    } catch (error) {
      this.#log.error({ error: String(error) }, 'not recorded');
    } finally {
      link.close();
    }
  }

  async #move(request: MoveRequest, link: TargetLink): Promise<void> {
    const watch = new Stopwatch();
    const captured = await this.#frozenState(request, link, watch).catch(async (error: unknown) => {
      // The target was not asked to restore: it cannot run.
      await this.#thaw(failureOf(error, 'move'), watch.timings);
    });
    if (captured === undefined) return;
    const { frozenAt, deadline, restore } = captured;
    const target = await link.restore(restore, deadline);
    const startMs = target.timings.find(({ name }) => name === 'start')?.ms ?? 0;
    // The tasks ran before the shim's `start`; what lies between is no part of the freeze.
    const freezeMs = milliseconds(performance.now() - frozenAt - startMs);
    await this.#settle(target, freezeMs, [...watch.timings, ...target.timings]);
  }

  /** Freezes the container and puts its state on the store, ready for the target. */
  async #frozenState(request: MoveRequest, link: TargetLink, watch: Stopwatch): Promise<Captured> {
    const { containers } = this.#context;
    const container = await this.#prepare(request, link);
    this.#checkGivenUp();
    await watch.phase('freeze', () => containers.freeze(container.cgroup));
    const frozenAt = performance.now();
    const deadline = new Deadline(request.deadlineMs);
    await containers.capture(container, this.#places(), watch);
    const stored = await watch.phase('move', () => inStep('move', () => this.#store(deadline)));
    const deadlineMs = deadline.left();
    if (deadlineMs < 1000)
      throw new StepError('move', `the state was not on the store within ${request.deadlineMs} ms`);
    this.#checkGivenUp();
    const restore = {
      transport: 'store',
      ...stored,
      container: request.source.container,
      deadlineMs,
    } as const;
    return { frozenAt, deadline, restore };
  }

  /** All that can be done while the pod still runs; also opens the connection to the target. */
  async #prepare(request: MoveRequest, link: TargetLink): Promise<FoundContainer> {
    const { store, containers } = this.#context;
    // Images and archive stand in memory side by side while the one is packed into the other.
    const container = await containers.prepare(request.source, this.#places(), 2);
    await inStep('store', () => store.mkdir(migrationFolder(this.#document.id)));
    await link.requireWaiting();
    await this.#save({ containerId: container.id, cgroup: container.cgroup });
    return container;
  }

  /** Packs the state and puts it on the store; its hash is taken meanwhile. */
  async #store(deadline: Deadline): Promise<{ path: string; bytes: number; sha256: string }> {
    const { staging } = this.#places();
    const archive = path.join(staging, ARCHIVE);
    const stored = below(migrationFolder(this.#document.id), ARCHIVE);
    const bytes = await packState(staging, archive);
    const put = this.#context.store.put(archive, stored, Math.max(1, deadline.left()));
    const [sha256] = await Promise.all([sha256Of(archive), put]);
    this.#document = { ...this.#document, bytes };
    return { path: stored, bytes, sha256 };
  }

  async #settle(
    target: TargetRecord,
    freezeMs: number | null,
    timings: SourceDocument['timings'],
  ): Promise<void> {
    if (target.state === 'restored') {
      await this.#save({ state: 'restored', freezeMs, timings });
      this.#log.info({ freezeMs, timings, bytes: this.#document.bytes }, 'moved');
      return;
    }
    const failure = target.failure ?? {
      step: 'restore',
      message: `the target is ${target.state}`,
      criuLog: [],
    };
    if (target.state === 'refused' || target.state === 'failed') return this.#thaw(failure, timings);
    await this.#save({ state: 'frozen', failure, timings });
    this.#log.error({ failure }, 'the target’s fate is unknown: the source stays frozen');
  }

  async #thaw(failure: AgentFailure, timings: SourceDocument['timings'] = []): Promise<void> {
    const { cgroup } = this.#document;
    if (cgroup !== null) this.#context.containers.thaw(cgroup);
    this.#log.error({ failure }, 'not moved: the source runs on');
    await this.#save({ state: 'thawed', failure, timings: [...timings] });
    await this.#cleanUp();
  }

  async #recover(link: TargetLink): Promise<void> {
    const { containerId } = this.#document;
    if (containerId === null) return this.#thaw(RESTARTED);
    await this.#context.containers.untilNoDump(containerId);
    const target = await link.makeRefuse(RESTARTED.message);
    await this.#settle(target, null, this.#document.timings);
  }

  #checkGivenUp(): void {
    if (this.#giveUp !== undefined) throw new StepError('abort', this.#giveUp);
  }

  #places(): { staging: string; logDir: string } {
    const { imagesDir, logDir } = this.#context;
    return {
      staging: path.join(imagesDir, stagingName(this.#document.id, 'source')),
      logDir: path.join(logDir, this.#document.id),
    };
  }

  async #save(part: Partial<SourceDocument>): Promise<void> {
    this.#document = { ...this.#document, ...part, changedAt: new Date().toISOString() };
    await this.#context.records.save(this.#document);
  }

  /** The state was used, or never will be. What is left behind costs space, no correctness. */
  async #cleanUp(): Promise<void> {
    const kept = (what: string) => (error: unknown) =>
      this.#log.warn({ error: String(error) }, `${what} left behind`);
    await rm(this.#places().staging, { recursive: true, force: true }).catch(kept('staging'));
    await this.#context.store.remove(migrationFolder(this.#document.id)).catch(kept('state on the store'));
  }
}

export interface MoveContext {
  records: Records<SourceDocument>;
  store: Store;
  containers: Containers;
  /** Opens the connection to a target's agent. */
  connect: (id: string, url: string) => TargetLink;
  /** Staging of images; in memory. */
  imagesDir: string;
  /** CRIU's logs, a folder for each id. */
  logDir: string;
  log: Logger;
}

interface Captured {
  frozenAt: number;
  deadline: Deadline;
  restore: RestoreRequest;
}

const ARCHIVE = 'state.tar';
const RESTARTED: AgentFailure = {
  step: 'move',
  message: 'the agent of the source was restarted during the move',
  criuLog: [],
};
