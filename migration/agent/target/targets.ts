import { existsSync, mkdirSync, watch } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { AheadQuery, RestoreRequest, StreamQuery, TargetRecord } from '../../contract/agent-api.ts';
import type { Bundle, Origin } from '../bundle.ts';
import { inStep, RequestError } from '../failure.ts';
import type { Logger } from '../log.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import { processStartTime } from '../process.ts';
import type { Records } from '../records.ts';
import { KUBELET_PODS } from '../source/pod.ts';
import { requireSpace } from '../space.ts';
import { readOwnManifest } from '../store/checkpoint-manifest.ts';
import { checkpointPath } from '../store/path.ts';
import type { Store } from '../store/store.ts';
import type { ArrivedMemory } from '../stream/memory-file.ts';
import { receiveStream } from '../stream/receiver.ts';
import { KEEP_MS, stagingName } from '../tidy.ts';
import type { RuntimeAnswer } from './answer.ts';
import { CriuConfigs } from './criu-config.ts';
import { requireFit } from './fit.ts';
import { emptyStaging, PodState, type WarmUp } from './pod-state.ts';
import { PostStartHooks } from './post-start.ts';
import { receiveArchive, receiveCheckpoint } from './receive.ts';
import { isFinal, type TargetDocument, targetAnswer } from './record.ts';
import { type Restorer, runcRestorer } from './restorer.ts';
import type { Bring } from './staging.ts';
import { Target } from './target.ts';

export interface TargetPlaces {
  /** Staging of images; in memory. */
  imagesDir: string;
  /** CRIU's logs, a folder for each id. */
  logDir: string;
  /** What this and the wrapper tell each other by files; gone after a boot. */
  runDir: string;
  /** The kubelet's folder of pods: a pod that is not there is gone, and so may be its record. */
  kubeletPods?: string;
  /** CRIU's options for every container. */
  criuConfig?: string;
}

/** All targets of this node, by id; for a pod restored from a checkpoint that is the pod's uid. */
export class Targets {
  readonly #targets = new Map<string, Target>();
  readonly #records: Records<TargetDocument>;
  readonly #store: Store;
  readonly #network: PodNetwork;
  readonly #places: TargetPlaces;
  readonly #kubeletPods: string;
  readonly #configs: CriuConfigs;
  readonly #hooks: PostStartHooks;
  readonly #log: Logger;
  /** Bytes of streamed states, and of what was sent ahead of them, that have arrived since the agent's start. */
  received = 0;
  readonly #count = (bytes: number): void => {
    this.received += bytes;
  };

  constructor(
    records: Records<TargetDocument>,
    store: Store,
    network: PodNetwork,
    places: TargetPlaces,
    log: Logger,
  ) {
    this.#records = records;
    this.#store = store;
    this.#network = network;
    this.#places = places;
    this.#kubeletPods = places.kubeletPods ?? KUBELET_PODS;
    this.#configs = new CriuConfigs(path.join(places.runDir, 'criu'), places.criuConfig);
    this.#hooks = new PostStartHooks(path.join(places.runDir, 'post-start'));
    this.#log = log;
  }

  /** Takes up the records of an earlier run. Those of pods that are gone are forgotten. */
  async load(): Promise<void> {
    this.#configs.allPlain();
    this.#watchStarts();
    for (const document of await this.#records.load()) {
      if (isFinal(document.state) && this.#podIsGone(document)) {
        await this.#records.remove(document.id);
        continue;
      }
      const target = this.#newTarget(document.id, document);
      await target.recover();
      // What an earlier run has received is of no use in any state that is left by now.
      await this.#stateOf(document.id).remove();
      await rm(this.#aheadDir(document.id), { recursive: true, force: true });
    }
  }

  /** Ids of what is under way. */
  unfinished(): string[] {
    const all = [...this.#targets.values()].map(({ document }) => document);
    return all.filter(({ state }) => !isFinal(state)).map(({ id }) => id);
  }

  /** The wrapper's `create`. */
  async create(containerId: string, bundle: Bundle, pid: number): Promise<RuntimeAnswer> {
    const { origin } = bundle;
    if (origin === undefined) return { verdict: 'pass' };
    const startTime = await processStartTime(pid);
    if (startTime === undefined) return { verdict: 'refuse', reason: 'the runtime that asked has ended' };
    const target = this.#target(origin.id);
    return target.create({
      bundle,
      origin,
      containers: await this.#containersOf(bundle, origin, target),
      containerId,
      runtime: { pid, startTime },
      bring: this.#bringCheckpoint(origin, target),
    });
  }

  /** The wrapper's `exec` in a container with a postStart hook that is not to run again: whether this is the hook. */
  swallowsExec(containerId: string, processFile: string): boolean {
    return this.#hooks.swallows(containerId, processFile);
  }

  /** Answers as soon as the state is one of `states`, or after `timeoutMs`. */
  async get(
    id: string,
    states: ReadonlySet<TargetDocument['state']>,
    timeoutMs: number,
  ): Promise<TargetRecord> {
    const target = this.#target(id);
    await target.until(states, timeoutMs);
    return targetAnswer(target.document);
  }

  /** Takes a state that stands on the store. */
  async restore(id: string, request: RestoreRequest): Promise<TargetRecord> {
    const target = this.#target(id);
    await target.take(request.containers, request.deadlineMs, (deadline) =>
      this.#staged(id, ({ staging }) => receiveArchive(this.#store, request, staging, deadline.left())),
    );
    return targetAnswer(target.document);
  }

  /** Takes memory that is sent ahead of a state. */
  async takeAhead(id: string, query: AheadQuery, body: Readable): Promise<TargetRecord> {
    const target = this.#target(id);
    const ahead = target.ahead();
    const { compression, bytes, limitMs } = query;
    await inStep('ahead', () =>
      ahead.take(async (staging) => {
        await requireSpace(this.#places.imagesDir, Math.max(0, bytes - ahead.bytes));
        await receiveStream({ ...staging, body, compression, timeoutMs: limitMs, onBytes: this.#count });
      }),
    );
    return targetAnswer(target.document);
  }

  /** Takes a state that arrives as `body`. `ready` is called when the runtime waits for nothing but the state, if it comes to that. */
  async stream(id: string, query: StreamQuery, body: Readable, ready: () => void): Promise<TargetRecord> {
    const target = this.#target(id);
    const { containers, compression, bytes, deadlineMs } = query;
    await target.take(containers, deadlineMs, (deadline, bundle, warmUp) =>
      this.#staged(id, async (state) => {
        const { staging } = state;
        const ahead = target.ahead();
        await (query.ahead ? ahead.arrived() : ahead.remove());
        await requireSpace(staging, Math.max(0, bytes - ahead.bytes));
        const memory = new Map<string, ArrivedMemory>();
        const warmUpAndTell: WarmUp = async (imageDir) => {
          await warmUp(imageDir);
          ready();
        };
        await receiveStream({
          ...{ staging, body, compression },
          timeoutMs: deadline.left(),
          hashesOf: ahead.hashesOf,
          onBytes: this.#count,
          onFile: (name) => state.deliverEarly(name, bundle, warmUpAndTell),
          onMemory: (name, arrived) => void memory.set(name, arrived),
        });
        await ahead.complete(staging, memory);
      }),
    );
    return targetAnswer(target.document);
  }

  async resume(id: string): Promise<TargetRecord> {
    const target = this.#target(id);
    await target.resume();
    return targetAnswer(target.document);
  }

  async abort(id: string, reason: string): Promise<TargetRecord> {
    const target = this.#target(id);
    await target.abort(reason);
    return targetAnswer(target.document);
  }

  /** The wrapper notes the `start` of a restored container in a file by its id. */
  #watchStarts(): void {
    const notes = path.join(this.#places.runDir, 'started');
    mkdirSync(notes, { recursive: true, mode: 0o700 });
    const watcher = watch(notes, (_event, containerId) => {
      if (containerId === null || !existsSync(path.join(notes, containerId))) return;
      for (const target of this.#targets.values()) target.started(containerId);
    });
    watcher.unref();
  }

  #target(id: string): Target {
    return this.#targets.get(id) ?? this.#newTarget(id);
  }

  #newTarget(id: string, document?: TargetDocument): Target {
    const aheadDir = this.#aheadDir(id);
    const context = { records: this.#records, restorer: this.#restorer(id), aheadDir, log: this.#log };
    const target = new Target(id, context, document);
    this.#targets.set(id, target);
    return target;
  }

  #restorer(id: string): Restorer {
    const { logDir, runDir } = this.#places;
    const places = { logDir: path.join(logDir, id), runDir };
    return runcRestorer(places, this.#configs, this.#hooks, this.#network);
  }

  /** A pod that was refused before it came may never come; its record is kept for a week. */
  #podIsGone({ podUid, changedAt }: TargetDocument): boolean {
    if (podUid === null) return Date.now() - Date.parse(changedAt) > KEEP_MS;
    return !existsSync(path.join(this.#kubeletPods, podUid));
  }

  /**
   * Pods of the "extended kubelet" contract do not say which containers wait: those of the checkpoint, which nobody has compared
   * with the pod before.
   */
  async #containersOf(bundle: Bundle, origin: Origin, target: Target): Promise<readonly string[]> {
    if (bundle.restoredContainers !== undefined) return bundle.restoredContainers;
    if (origin.kind === 'move') return [bundle.container];
    if (target.document.state === 'restored') return target.document.containers;
    const folder = checkpointPath(origin.path);
    // Asked first, as it refuses links, which the store's server would follow.
    if ((await this.#store.stat(folder))?.kind !== 'directory')
      throw new RequestError(404, `there is no checkpoint at '/${folder}' on the store`);
    const manifest = await readOwnManifest(this.#store, folder, bundle.namespace);
    requireFit(bundle, manifest, `/${folder}`);
    return manifest.containers;
  }

  #bringCheckpoint(origin: Origin, target: Target): Bring {
    if (origin.kind === 'move') return () => Promise.reject(new Error('a move brings its state by itself'));
    return (_deadline, { namespace }) =>
      this.#staged(origin.id, ({ staging }) => {
        const { containers } = target.document;
        const wanted = { folder: checkpointPath(origin.path), namespace, containers };
        return receiveCheckpoint(this.#store, wanted, staging);
      });
  }

  /** Lets `receive` fill an empty staging directory; what came is removed if it fails. */
  async #staged(id: string, receive: (state: PodState) => Promise<void>): Promise<PodState> {
    const state = this.#stateOf(id);
    try {
      await inStep('fetch', async () => {
        await emptyStaging(state.staging);
        await receive(state);
      });
    } catch (error) {
      await state.remove();
      throw error;
    }
    return state;
  }

  #aheadDir(id: string): string {
    return path.join(this.#places.imagesDir, stagingName(id, 'ahead'));
  }

  #stateOf(id: string): PodState {
    return new PodState(path.join(this.#places.imagesDir, stagingName(id, 'target')), this.#kubeletPods);
  }
}
