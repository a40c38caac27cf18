import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentFailure, MoveRequest, TargetRecord } from '../../contract/agent-api.ts';
import { failpoint } from '../failpoints.ts';
import { failureOf, inStep, RequestError, StepError } from '../failure.ts';
import type { Logger } from '../log.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import { leavingNetwork, MovingNetwork, type SourceNetwork } from '../network/source-network.ts';
import type { Records } from '../records.ts';
import { Deadline, milliseconds, Stopwatch } from '../stopwatch.ts';
import { migrationFolder } from '../store/path.ts';
import type { Store } from '../store/store.ts';
import { type CapturePlaces, capturePlaces } from './capture.ts';
import type { CgroupPath } from './container.ts';
import type { Containers } from './containers.ts';
import type { Delivery } from './delivery.ts';
import { letGo } from './let-go.ts';
import { type FoundPod, processOf } from './pod.ts';
import { heldOf, type SourceDocument } from './record.ts';
import { StoreDelivery } from './store-delivery.ts';
import { StreamDelivery } from './stream-delivery.ts';
import type { TargetLink } from './target-link.ts';
import { targetError, tellToRun } from './tell-target.ts';
import { Verdict } from './verdict.ts';

/**
 * The source of one move, and its only judge: the target runs only after this says `committed` on disk.
 *
 *   state      meaning                                             left by
 *   moving     being prepared, frozen, dumped, sent, staged        the target is staged -> committed; any failure, an abort, the
 *                                                                  deadline -> thawed
 *   committed  never runs again; the target is told to run         the operator's release -> released; the target says for good
 *              until it says that it does                          that it never ran and never will, or a person that its node
 *                                                                  is dead and the source is to go on -> thawed
 *   thawed     final: runs on as if nothing had happened
 *   released   final: killed without running another instruction
 *
 * Until the commit nobody has to be asked: the target cannot run, so the source thaws at once, whoever does not answer, and
 * the target is told afterwards. The record is on disk before the freeze: a restarted agent that finds `moving` was no judge while
 * it was down, so it decides against the move. Only if the containers are gone as well, with the host, and the target is
 * staged, the target is what is left of the pod, and it commits.
 */
export class Move {
  readonly #context: MoveContext;
  readonly #log: Logger;
  readonly #verdict = new Verdict();
  #document: SourceDocument;
  /** Up to the end of the freeze, one way or the other. */
  #run: Promise<void> = Promise.resolve();
  readonly #watch = new Stopwatch();
  readonly #network: SourceNetwork;
  #link: TargetLink | undefined;
  #frozenAt: number | undefined;
  #deadline = new Deadline(0);
  #alarm: NodeJS.Timeout | undefined;

  constructor(document: SourceDocument, context: MoveContext) {
    this.#context = context;
    this.#log = context.log.child({ migration: document.id, side: 'source' });
    this.#document = document;
    this.#network = this.#networkFor(document);
  }

  get document(): SourceDocument {
    return this.#document;
  }

  /** Resolves when the source was thawed, or is committed and the target was told for the first time. */
  ended(): Promise<void> {
    return this.#run;
  }

  start(request: MoveRequest): void {
    this.#run = this.#linked((link) => this.#move(request, link));
  }

  /** After a restart of the agent. */
  resume(): void {
    if (this.#document.state === 'moving') this.#run = this.#linked((link) => this.#recover(link));
    if (this.#document.state === 'committed' && !this.#document.resumed)
      this.#run = this.#linked((link) => this.#tell(link));
  }

  /** Thaws, unless the move is committed: RequestError 409. */
  async abort(reason: string): Promise<void> {
    this.#verdict.giveUp(new StepError('abort', reason));
    await this.#run;
    const { state } = this.#document;
    if (state === 'committed' || state === 'released')
      throw new RequestError(409, `the source is ${state}: the target is the pod`, 'abort');
  }

  /** Ends the frozen tasks. RequestError 409 while they may still be all that there is of the pod. */
  async release(): Promise<void> {
    await this.#run;
    if (this.#document.state === 'released') return;
    if (this.#document.state !== 'committed')
      throw new RequestError(409, `the source is ${this.#document.state}, not committed`, 'release');
    const { containers } = this.#context;
    if (!this.#document.resumed) {
      if (!containers.areGone(this.#cgroups))
        throw new RequestError(409, 'the target is not known to run yet', 'release');
      // A released source is not told any more that its target runs: what is held for its address would stay held for ever.
      await inStep('network', () => this.#network.moved());
    }
    const watch = new Stopwatch();
    await watch.phase('release', () => containers.kill(this.#cgroups));
    await this.#save({ state: 'released', timings: [...this.#document.timings, ...watch.timings] });
    this.#link?.close();
    await this.#cleanUp();
  }

  /**
   * Thaws a committed source whose target was never heard to run, and never will be: its node is dead. What it did, if it ran, is given
   * up by whoever asks for this. RequestError 409 when the target is known to run, or nothing is committed.
   */
  async reclaim(reason: string): Promise<void> {
    await this.#run;
    const { state, resumed } = this.#document;
    if (state === 'thawed') return;
    if (state !== 'committed' || resumed)
      throw new RequestError(
        409,
        `the source is ${state}${resumed ? ', and its target runs' : ''}`,
        'reclaim',
      );
    // On disk first: a restarted agent would tell the target to run again, which is back perhaps.
    await this.#save({ state: 'thawed', failure: { step: 'reclaim', message: reason, criuLog: [] } });
    this.#link?.close();
    await this.#network.stays();
    this.thawAgain();
  }

  /** For a source that is thawed by its record, and may have been left frozen when the agent died right behind that. */
  thawAgain(): void {
    if (this.#document.state === 'thawed' && this.#cgroups.length > 0)
      this.#context.containers.thaw(this.#cgroups);
  }

  /** Runs a part of the state machine with a connection to the target. What goes wrong at its very end is only logged. */
  async #linked(work: (link: TargetLink) => Promise<void>): Promise<void> {
    const { id, targetAgent } = this.#document;
    if (targetAgent === null) return;
    this.#link = this.#context.connect(id, targetAgent);
    try {
      await work(this.#link);
    } catch (error) {
      this.#log.error({ error: String(error) }, 'not recorded');
    }
  }

  async #move(request: MoveRequest, link: TargetLink): Promise<void> {
    try {
      const delivery = this.#delivery(request, link);
      const pod = await this.#prepare(request, link, delivery);
      await this.#freeze(pod, request.deadlineMs);
      const [target] = await Promise.all([this.#stage(pod, delivery), this.#leaveNetwork(pod)]);
      await this.#commit(target, delivery);
    } catch (error) {
      this.#verdict.giveUp(error as Error);
      await this.#thaw(failureOf(error, 'move'));
      void this.#refuse(link);
      return;
    } finally {
      clearTimeout(this.#alarm);
    }
    await this.#tell(link);
    // Memory that is given back takes the processor from the target.
    void this.#cleanUp();
  }

  /** What becomes of the pod's address and its connections. */
  #networkFor({ address, link, targetAgent, deadlineMs }: SourceDocument): SourceNetwork {
    const { network, containers } = this.#context;
    if (address === 'new' || targetAgent === null)
      return leavingNetwork(() => containers.closeConnections(this.#cgroups), this.#log);
    const via = new URL(targetAgent).hostname;
    const seconds = Math.ceil(deadlineMs / 1000) + OPENING_SECONDS;
    return new MovingNetwork(network, { via, seconds }, this.#log, link);
  }

  #delivery(request: MoveRequest, link: TargetLink): Delivery {
    const { containers, store } = this.#context;
    const { signal } = this.#verdict;
    const shared = { id: this.#document.id, containers, store, link, log: this.#log };
    const context = { ...shared, signal, places: this.#places() };
    return request.transport === 'stream'
      ? new StreamDelivery(request, context)
      : new StoreDelivery(request, context);
  }

  /** All that can be done while the pod still runs; also opens the connection to the target. */
  async #prepare(request: MoveRequest, link: TargetLink, delivery: Delivery): Promise<FoundPod> {
    const { containers } = this.#context;
    const places = this.#places();
    const found = await containers.prepare(request.source, request.containers, places, delivery.copies);
    const connections = request.address === 'keep' ? 'keep' : 'close';
    const pod: FoundPod = { ...found, connections };
    await link.requireWaiting();
    await this.#save({ held: heldOf(pod), link: await this.#network.find(processOf(pod)) });
    const { signal } = this.#verdict;
    await this.#verdict.unlessGivenUp(delivery.sendAhead(pod, this.#watch));
    await this.#verdict.unlessGivenUp(failpoint('sent-ahead', this.#document.id));
    const ready = await inStep('prepare', () => containers.warmUp(pod, places, signal));
    await this.#verdict.unlessGivenUp(delivery.prepare(ready));
    await this.#verdict.unlessGivenUp(failpoint('before-freeze', this.#document.id));
    return ready;
  }

  /** From here on the deadline runs, by this clock alone. */
  async #freeze(pod: FoundPod, deadlineMs: number): Promise<void> {
    if (pod.connections === 'keep') await this.#watch.phase('hold', () => this.#network.hold(processOf(pod)));
    await this.#watch.phase('freeze', () => this.#context.containers.freeze(pod));
    this.#frozenAt = performance.now();
    this.#deadline = new Deadline(deadlineMs);
    this.#alarm = setTimeout(() => {
      const words = `the target was not ready to run within ${deadlineMs} ms`;
      this.#verdict.giveUp(new StepError('deadline', words));
    }, deadlineMs);
  }

  /**
   * Beside the dump, which need not wait for it: nothing comes in any more, CRIU has a socket send nothing while it is dumped (TCP_REPAIR,
   * https://criu.org/TCP_connection), and what the kernel sends again before or after that is in the dump, too. The commit waits for it.
   */
  async #leaveNetwork({ connections }: FoundPod): Promise<void> {
    if (connections === 'keep') await this.#watch.phase('silence', () => this.#network.silence());
    this.#verdict.signal.throwIfAborted();
    await this.#network.claim();
  }

  async #stage(pod: FoundPod, delivery: Delivery): Promise<TargetRecord> {
    await this.#verdict.unlessGivenUp(failpoint('during-dump', this.#document.id));
    const target = await this.#verdict.unlessGivenUp(delivery.deliver(pod, this.#watch));
    if (target.state === 'staged') return target;
    throw targetError(target);
  }

  async #commit(target: TargetRecord, { bytes }: Delivery): Promise<void> {
    await this.#verdict.unlessGivenUp(failpoint('before-commit', this.#document.id));
    this.#verdict.commit();
    const timings = [...this.#watch.timings, ...target.timings];
    await this.#watch.phase('commit', () => this.#save({ state: 'committed', bytes, timings }));
  }

  /** Resolves after the first try. */
  #tell(link: TargetLink): Promise<void> {
    return tellToRun(link, {
      log: this.#log,
      isOver: () => this.#document.state !== 'committed' || this.#document.resumed,
      before: () => failpoint('after-commit', this.#document.id),
      runs: (target) => this.#resumed(target, this.#freezeMs(target)),
      isLost: (target) => this.#takeBack(target),
    });
  }

  /** Up to when the target's tasks ran again: it made its record of that before it answered, but after it let them go. */
  #freezeMs(target: TargetRecord): number | null {
    if (this.#frozenAt === undefined) return null;
    const recordMs = target.timings.find(({ name }) => name === 'commit')?.ms ?? 0;
    return milliseconds(performance.now() - this.#frozenAt - recordMs);
  }

  async #resumed(target: TargetRecord, freezeMs: number | null): Promise<void> {
    await this.#network.moved();
    const own = this.#watch.timings;
    const timings = own.length > 0 ? [...own, ...target.timings] : this.#document.timings;
    await this.#save({ resumed: true, freezeMs, timings });
    this.#log.info({ freezeMs, timings, bytes: this.#document.bytes }, 'moved');
  }

  /** The target says, for good, that it never ran and never will: the source is what is left of the pod. */
  async #takeBack(target: TargetRecord): Promise<void> {
    await this.#network.stays();
    this.#context.containers.thaw(this.#cgroups);
    const failure = failureOf(targetError(target), 'resume');
    this.#log.error({ failure }, 'the target was lost before it ran: the source runs on');
    await this.#save({ state: 'thawed', failure });
  }

  /** Lets the source run again: the verdict was against the move. */
  async #thaw(failure: AgentFailure): Promise<void> {
    const { held } = this.#document;
    const { containers } = this.#context;
    if (held.length > 0)
      await letGo(held, containers, this.#deadline.left(), this.#log, () => this.#network.stays());
    this.#log.error({ failure }, 'not moved: the source runs on');
    const timings = [...this.#watch.timings];
    await this.#save({ state: 'thawed', failure, timings }).catch((error: unknown) => {
      // A restarted agent would find `moving`, and thaw once more.
      this.#log.error({ error: String(error) }, 'not recorded');
      this.#become({ state: 'thawed', failure, timings });
    });
  }

  /** Tells the target that the verdict was against it. The operator does so, too: this is only sooner. */
  async #refuse(link: TargetLink): Promise<void> {
    await this.#cleanUp();
    await link.refuse(this.#document.failure?.message ?? 'the source was thawed');
    link.close();
  }

  async #recover(link: TargetLink): Promise<void> {
    const { held, deadlineMs, changedAt } = this.#document;
    const gone = held.length > 0 && this.#context.containers.areGone(this.#cgroups);
    if (gone && (await this.#comesToBeStaged(link))) {
      this.#log.warn('the source is gone with its host, and the target is ready to run: committed');
      await this.#save({ state: 'committed' });
      return this.#tell(link);
    }
    this.#deadline = new Deadline(Math.min(deadlineMs, deadlineMs - (Date.now() - Date.parse(changedAt))));
    await this.#thaw(gone ? GONE : RESTARTED);
    void this.#refuse(link);
  }

  /** Nothing is left here to thaw, so the target gets the time of a whole move to be reached and to come to its end. */
  async #comesToBeStaged(link: TargetLink): Promise<boolean> {
    const deadline = new Deadline(this.#document.deadlineMs);
    for (;;) {
      const target = await link.record().catch((error: unknown) => {
        this.#log.warn({ error: String(error) }, 'the target does not say where it stands');
      });
      if (target && !UNDER_WAY.has(target.state)) return target.state === 'staged';
      if (deadline.past) return false;
      await sleep(LOOK_MS, undefined, { ref: false });
    }
  }

  get #cgroups(): CgroupPath[] {
    return this.#document.held.map(({ cgroup }) => cgroup);
  }

  #places(): CapturePlaces {
    return capturePlaces(this.#document.id, this.#context);
  }

  /** What others may act upon is on disk before anybody can read it here. */
  async #save(part: Partial<SourceDocument>): Promise<void> {
    await this.#context.records.save({ ...this.#document, ...part, changedAt: new Date().toISOString() });
    this.#become(part);
  }

  /** The one place where the document changes. */
  #become(part: Partial<SourceDocument>): void {
    this.#document = { ...this.#document, ...part, changedAt: new Date().toISOString() };
  }

  /** The state was used, or never will be. What is left behind costs space, no correctness. */
  async #cleanUp(): Promise<void> {
    const { id, transport } = this.#document;
    const kept = (what: string) => (error: unknown) =>
      this.#log.warn({ error: String(error) }, `${what} left behind`);
    await rm(this.#places().staging, { recursive: true, force: true }).catch(kept('staging'));
    if (transport === 'store')
      await this.#context.store.remove(migrationFolder(id)).catch(kept('state on the store'));
  }
}

export interface MoveContext {
  records: Records<SourceDocument>;
  store: Store;
  containers: Containers;
  network: PodNetwork;
  /** Opens the connection to a target's agent. */
  connect: (id: string, url: string) => TargetLink;
  /** Staging of images; in memory. */
  imagesDir: string;
  /** CRIU's logs, a folder for each id. */
  logDir: string;
  log: Logger;
}

/** What a target leaves by itself, at its own deadline at the latest. */
const UNDER_WAY: ReadonlySet<TargetRecord['state']> = new Set(['fetching', 'restoring']);
const LOOK_MS = 500;

/** Whoever opens a connection is not held for longer than the deadline and the thaw take. */
const OPENING_SECONDS = 30;

const RESTARTED: AgentFailure = {
  step: 'move',
  message: 'the agent of the source was restarted during the move',
  criuLog: [],
};
const GONE: AgentFailure = {
  step: 'move',
  message: 'the source ended with its host during the move, before the target was ready to run',
  criuLog: [],
};
