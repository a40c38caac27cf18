import { rm } from 'node:fs/promises';
import type { AgentFailure, CheckpointManifest, CheckpointRequest } from '../../contract/agent-api.ts';
import { failureOf, inStep, RequestError, StepError } from '../failure.ts';
import type { Logger } from '../log.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import { MovingNetwork, type SourceNetwork, untouchedNetwork } from '../network/source-network.ts';
import type { Records } from '../records.ts';
import { milliseconds, Stopwatch } from '../stopwatch.ts';
import { checkpointPath, userPath } from '../store/path.ts';
import type { Store } from '../store/store.ts';
import { type CapturePlaces, capturePlaces } from './capture.ts';
import type { CgroupPath } from './container.ts';
import type { Containers } from './containers.ts';
import { type FoundPod, processOf } from './pod.ts';
import { type CheckpointDocument, heldOf } from './record.ts';
import { stagedOutput } from './state-output.ts';
import { StoreCheckpoint, type Uploaded } from './store-checkpoint.ts';
import { unlessAborted } from './unless-aborted.ts';

/**
 * One checkpoint of a pod that goes on running, or that is held for good.
 *
 *   state      meaning                                                        left by
 *   dumping    being frozen and dumped into memory                            done -> uploading; error, abort -> failed
 *   uploading  the files go to the store; the pod runs again, held it stays   in its place -> complete, held;
 *              frozen                                                         error, abort -> failed
 *   held       stands on the store, whole; the pod is frozen                  keep -> kept; abort -> complete; deadline -> failed
 *   kept       the same, for as long as the operator likes                    abort -> complete; release -> released
 *   complete   final: stands on the store, whole; the pod runs on
 *   released   final: stands on the store, whole; the pod was killed before it ran another instruction
 *   failed     final: the pod runs on; what stood on the store before still stands there
 *
 * One that keeps its address is cut off from `dumping` on: what is sent to it is held here, and the address reserved, until it is handed over to
 * where the pod runs by then.
 *
 * The pod is thawed on every way to `failed` and `complete`, and by the agent's own clock when the deadline passes before
 * `kept`: a pod that nobody comes for does not stay frozen. A restarted agent thaws a pod that was being dumped or uploaded, and
 * fails the checkpoint; it goes on holding one that is held until the deadline, and one that is kept: somebody counts on it.
 */
export class Checkpoint {
  readonly #context: CheckpointContext;
  readonly #log: Logger;
  /** Fires when the checkpoint is given up: aborted, or past its deadline. */
  readonly #stop = new AbortController();
  #document: CheckpointDocument;
  #run: Promise<void> = Promise.resolve();
  #turn: Promise<void> = Promise.resolve();
  readonly #network: SourceNetwork;

  constructor(document: CheckpointDocument, context: CheckpointContext) {
    this.#context = context;
    this.#log = context.log.child({ migration: document.id, side: 'checkpoint' });
    this.#document = document;
    this.#network = this.#networkOf(document);
  }

  get document(): CheckpointDocument {
    return this.#document;
  }

  /** Resolves when the checkpoint has come to a state that it does not leave by itself. */
  ended(): Promise<void> {
    return this.#run;
  }

  start(request: CheckpointRequest): void {
    this.#run = this.#checkpoint(request);
  }

  /** After a restart of the agent. */
  resume(): void {
    const { state, heldUntil } = this.#document;
    if (state === 'held' && heldUntil !== null) this.#letGoAfter(Date.parse(heldUntil) - Date.now());
    if (state !== 'dumping' && state !== 'uploading') return;
    this.#run = this.#recover().catch((error: unknown) => {
      this.#log.error({ error: String(error) }, 'not recovered');
    });
  }

  /** The operator counts on the held pod: it is not let go any more but by `abort`. RequestError 409 when it is not held. */
  async keep(): Promise<void> {
    await this.#inTurn(async () => {
      const { state } = this.#document;
      if (state === 'kept') return;
      if (state !== 'held')
        throw new RequestError(409, `the checkpoint is ${state}, its pod not held`, 'keep');
      await this.#save({ state: 'kept' });
    });
  }

  /** Gives up a checkpoint under way; lets a held pod run again. RequestError 409 when the pod was killed. */
  async abort(reason: string): Promise<void> {
    this.#stop.abort(new StepError('abort', reason));
    await this.#inTurn(async () => {
      const { state } = this.#document;
      if (state === 'released') throw new RequestError(409, 'the pod was killed: it cannot go on', 'abort');
      if (state !== 'held' && state !== 'kept') return;
      await this.#thaw();
      await this.#save({ state: 'complete' });
    });
  }

  /** Kills a kept pod. RequestError 409 when it is not kept. */
  async release(): Promise<void> {
    await this.#inTurn(async () => {
      const { state, timings } = this.#document;
      if (state === 'released') return;
      if (state !== 'kept')
        throw new RequestError(409, `the checkpoint is ${state}, its pod not kept`, 'release');
      const watch = new Stopwatch();
      await watch.phase('release', () => this.#context.containers.kill(this.#cgroups()));
      await this.#save({ state: 'released', timings: [...timings, ...watch.timings] });
    });
  }

  /** The pod runs elsewhere now, with its address. RequestError 409 when it may run here yet. */
  async handOver(via: string): Promise<void> {
    await this.#inTurn(async () => {
      const { state, link } = this.#document;
      if (state !== 'kept' && state !== 'released')
        throw new RequestError(409, `the checkpoint is ${state}, its pod not away`, 'hand-over');
      // Made again here, it got what was held when it was opened.
      if (link === null || via === this.#context.address) return;
      const packets = await this.#context.network.handOver(link, via);
      this.#log.info({ address: link.address, via, ...packets }, 'packets handed over');
    });
  }

  /** After the run, and one at a time: a pod is not thawed while it is being killed. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(() => this.#run).then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #checkpoint(request: CheckpointRequest): Promise<void> {
    const watch = new Stopwatch();
    try {
      const folder = request.hold ? checkpointPath(request.path) : userPath(request.path);
      const target = new StoreCheckpoint(this.#context.store, this.#document.id, folder);
      const pod = await this.#prepare(request, target);
      await this.#frozen(request, pod, target, watch);
      if (!request.hold) await this.#complete(request, target, watch, { state: 'complete' });
      this.#log.info({ ...this.#document, path: folder }, 'checkpoint on the store');
    } catch (error) {
      await this.#fail(failureOf(error, 'checkpoint'), watch);
    }
  }

  async #prepare(request: CheckpointRequest, target: StoreCheckpoint): Promise<FoundPod> {
    const { containers } = this.#context;
    await inStep('store', () => target.requirePlace(request.source.namespace));
    const found = await containers.prepare(request.source, request.containers, this.#places(), 1);
    const pod: FoundPod = { ...found, connections: request.address === 'keep' ? 'keep' : 'close' };
    await this.#save({ held: heldOf(pod), link: await this.#network.find(processOf(pod)) });
    this.#stop.signal.throwIfAborted();
    return pod;
  }

  /** What is done while the pod stands still. Afterwards it runs, or the record says `held`. */
  async #frozen(
    request: CheckpointRequest,
    found: FoundPod,
    target: StoreCheckpoint,
    watch: Stopwatch,
  ): Promise<void> {
    const keeps = found.connections === 'keep';
    let began = performance.now();
    const frozenMs = (): number => milliseconds(performance.now() - began);
    let end = (): void => undefined;
    try {
      if (keeps) await watch.phase('hold', () => this.#network.hold(processOf(found)));
      began = performance.now();
      await watch.phase('freeze', () => this.#context.containers.freeze(found));
      end = this.#endAfter(request.deadlineMs);
      const heldUntil = new Date(Date.now() + request.deadlineMs).toISOString();
      if (keeps) await watch.phase('silence', () => this.#network.silence());
      await this.#capture(found, watch);
      if (request.hold) {
        await this.#complete(request, target, watch, { state: 'held', frozenMs, heldUntil });
        this.#letGoAfter(request.deadlineMs - frozenMs());
      }
    } finally {
      end();
      if (this.#document.state !== 'held') {
        await watch.phase('thaw', () => this.#thaw());
        this.#document = { ...this.#document, freezeMs: frozenMs() };
      }
    }
  }

  /** Nobody holds the tasks when this ends: a dump is let end, or killed when the checkpoint is given up. */
  async #capture(pod: FoundPod, watch: Stopwatch): Promise<void> {
    const { containers } = this.#context;
    const { signal } = this.#stop;
    const ids = pod.containers.map(({ id }) => id);
    const endDumps = (): void => {
      containers
        .endDumps(ids, 0)
        .catch((error: unknown) => this.#log.error({ error: String(error) }, 'dump'));
    };
    signal.addEventListener('abort', endDumps, { once: true });
    try {
      const places = this.#places();
      await containers.capture(pod, places, stagedOutput(places.staging), watch, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', endDumps);
    }
    signal.throwIfAborted();
  }

  async #complete(
    request: CheckpointRequest,
    target: StoreCheckpoint,
    watch: Stopwatch,
    end: { state: 'complete' } | { state: 'held'; frozenMs: () => number; heldUntil: string },
  ): Promise<void> {
    await this.#save({ state: 'uploading', timings: [...watch.timings] });
    const upload = inStep('upload', () => this.#upload(request, target));
    const uploaded = await watch.phase('upload', () => unlessAborted(this.#stop.signal, upload));
    await this.#removeStaging();
    if (end.state === 'held') await this.#network.claim();
    const held = end.state === 'held' ? { freezeMs: end.frozenMs(), heldUntil: end.heldUntil } : {};
    await this.#save({ state: end.state, ...uploaded, ...held, timings: [...watch.timings] });
  }

  async #upload(request: CheckpointRequest, target: StoreCheckpoint): Promise<Uploaded> {
    const uploaded = await target.upload(this.#places().staging, this.#about(request), this.#stop.signal);
    await target.putInPlace(request.keepPrevious);
    return uploaded;
  }

  #about({ source, containers, images, template }: CheckpointRequest): Omit<CheckpointManifest, 'files'> {
    const createdAt = new Date().toISOString();
    const { node } = this.#context;
    return { version: 2, createdAt, node, source, containers, images, ...(template && { template }) };
  }

  async #recover(): Promise<void> {
    const ids = this.#document.held.map(({ id }) => id);
    const message = 'the agent was restarted during the checkpoint';
    try {
      await this.#context.containers.endDumps(ids, DUMP_GRACE_MS);
    } finally {
      await this.#thaw();
    }
    await this.#fail({ step: 'checkpoint', message, criuLog: [] }, new Stopwatch());
  }

  /** The pod runs already. What cannot be cleared away costs room, no correctness. */
  async #fail(failure: AgentFailure, watch: Stopwatch): Promise<void> {
    this.#log.error({ failure }, 'checkpoint failed');
    const left = (what: string) => (error: unknown) =>
      this.#log.warn({ error: String(error) }, `left behind: ${what}`);
    await this.#removeStaging().catch(left('staging'));
    await this.#undoUpload().catch(left('what was on the store'));
    const timings = [...watch.timings];
    const failed: Partial<CheckpointDocument> = { state: 'failed', failure, timings };
    await this.#save(failed).catch((error: unknown) => {
      // A restarted agent finds the old record, and thaws what runs.
      this.#log.error({ error: String(error) }, 'not recorded');
      this.#document = { ...this.#document, ...failed };
    });
  }

  async #undoUpload(): Promise<void> {
    const { id, path: folder, keepPrevious } = this.#document;
    await new StoreCheckpoint(this.#context.store, id, checkpointPath(folder)).undo(keepPrevious);
  }

  /** Gives up the checkpoint when the time is over; the returned function calls that off. */
  #endAfter(ms: number): () => void {
    const late = new StepError('deadline', `the checkpoint was not complete within ${ms} ms`);
    const timer = setTimeout(() => this.#stop.abort(late), ms);
    return () => clearTimeout(timer);
  }

  /** Lets a held pod run again after `ms` when nobody wants it kept: its operator is gone, or elsewhere. */
  #letGoAfter(ms: number): void {
    const timer = setTimeout(
      () => {
        const letGo = this.#inTurn(async () => {
          if (this.#document.state !== 'held') return;
          await this.#thaw();
          const message = 'the pod was held until its deadline, and nobody asked to keep it';
          await this.#fail({ step: 'deadline', message, criuLog: [] }, new Stopwatch());
        });
        letGo.catch((error: unknown) => this.#log.error({ error: String(error) }, 'not let go'));
      },
      Math.max(0, ms),
    );
    timer.unref();
  }

  /** Its network first: what the pod sends when it runs again is to leave it. */
  async #thaw(): Promise<void> {
    await this.#network.stays();
    this.#context.containers.thaw(this.#cgroups());
  }

  /** It stays at this node until somebody says where the pod has come to run. */
  #networkOf({ address, hold, link }: CheckpointDocument): SourceNetwork {
    if (!hold || address === 'new') return untouchedNetwork;
    const here = { via: this.#context.address, seconds: OPENING_SECONDS };
    return new MovingNetwork(this.#context.network, here, this.#log, link);
  }

  #cgroups(): CgroupPath[] {
    return this.#document.held.map(({ cgroup }) => cgroup);
  }

  #places(): CapturePlaces {
    return capturePlaces(this.#document.id, this.#context);
  }

  /** On disk first: nobody may hear of a state that a restarted agent would not know. */
  async #save(part: Partial<CheckpointDocument>): Promise<void> {
    const next = { ...this.#document, ...part, changedAt: new Date().toISOString() };
    await this.#context.records.save(next);
    this.#document = next;
  }

  #removeStaging(): Promise<void> {
    return rm(this.#places().staging, { recursive: true, force: true });
  }
}

export interface CheckpointContext {
  node: string;
  /** Of this node. */
  address: string;
  network: PodNetwork;
  records: Records<CheckpointDocument>;
  store: Store;
  containers: Containers;
  /** Staging of images; in memory. */
  imagesDir: string;
  /** CRIU's logs, a folder for each id. */
  logDir: string;
  log: Logger;
}

/** How long a dump that an earlier run of the agent began may still take. */
const DUMP_GRACE_MS = 10_000;

/** How long new connections wait at the source's node at most, should nobody come for them. */
const OPENING_SECONDS = 120;
