import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { RestoreRequest, TargetRecord } from '../../contract/agent-api.ts';
import { type Bundle, type Origin, readBundle, sandboxHostName } from '../bundle.ts';
import { inStep } from '../failure.ts';
import type { Logger } from '../log.ts';
import { processStartTime } from '../process.ts';
import type { Records } from '../records.ts';
import { IMAGE_DIR, LAYER_FILE, SHM_FILE } from '../state-layout.ts';
import { userPath } from '../store/path.ts';
import type { Store } from '../store/store.ts';
import { applyLayer } from '../tar/apply.ts';
import { KEEP_MS, stagingName } from '../tidy.ts';
import type { RuntimeAnswer } from './answer.ts';
import { setImageHostName } from './host-name.ts';
import { receiveArchive, receiveCheckpoint } from './receive.ts';
import { isFinal, type TargetDocument, targetAnswer } from './record.ts';
import { type Obtain, Target } from './target.ts';

export interface TargetPlaces {
  /** Staging of images; in memory. */
  imagesDir: string;
  /** CRIU's logs, a folder for each id. */
  logDir: string;
  /** The kubelet's folder of pods: a pod that is not there is gone, and so may be its record. */
  kubeletPods: string;
}

const LAYER_LIMIT_MS = 5 * 60_000;
const KUBELET_PODS = '/var/lib/kubelet/pods';

/** All targets of this node, by id; for a pod restored from a checkpoint that is the pod's uid. */
export class Targets {
  readonly #targets = new Map<string, Target>();
  readonly #records: Records<TargetDocument>;
  readonly #store: Store;
  readonly #places: TargetPlaces;
  readonly #log: Logger;

  constructor(
    records: Records<TargetDocument>,
    store: Store,
    places: Omit<TargetPlaces, 'kubeletPods'> & { kubeletPods?: string },
    log: Logger,
  ) {
    this.#records = records;
    this.#store = store;
    this.#places = { kubeletPods: KUBELET_PODS, ...places };
    this.#log = log;
  }

  /** Takes up the records of an earlier run. Those of pods that are gone are forgotten. */
  async load(): Promise<void> {
    for (const document of await this.#records.load()) {
      if (isFinal(document.state) && this.#podIsGone(document)) {
        await this.#records.remove(document.id);
        continue;
      }
      const target = new Target(document.id, this.#records, this.#log, document);
      this.#targets.set(document.id, target);
      if (!isFinal(document.state))
        target.resume(this.#workDir(document.id), () => this.#removeStaging(document.id));
    }
  }

  /** Ids of what is under way. */
  unfinished(): string[] {
    const all = [...this.#targets.values()].map(({ document }) => document);
    return all.filter(({ state }) => !isFinal(state)).map(({ id }) => id);
  }

  /** The wrapper's `create`. */
  async create(containerId: string, bundleDir: string, pid: number): Promise<RuntimeAnswer> {
    const bundle = await readBundle(bundleDir);
    const { origin } = bundle;
    if (origin === undefined) return { verdict: 'pass' };
    const startTime = await processStartTime(pid);
    if (startTime === undefined) return { verdict: 'refuse', reason: 'the runtime that asked has ended' };
    const obtain = origin.kind === 'move' ? this.#nothingYet(origin.id) : this.#ofCheckpoint(origin, bundle);
    return this.#target(origin.id).create({
      bundle,
      origin,
      containerId,
      runtime: { pid, startTime },
      obtain,
    });
  }

  /** The wrapper's `start` of a restored container. */
  started(containerId: string): void {
    for (const target of this.#targets.values())
      if (target.document.containerId === containerId) target.started();
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

  async restore(id: string, request: RestoreRequest): Promise<TargetRecord> {
    const target = this.#target(id);
    await target.restore(request, this.#ofMove(id, request, target));
    return targetAnswer(target.document);
  }

  async abort(id: string, reason: string, waitMs: number): Promise<TargetRecord> {
    const target = this.#target(id);
    await target.abort(reason, waitMs);
    return targetAnswer(target.document);
  }

  #target(id: string): Target {
    const known = this.#targets.get(id);
    if (known !== undefined) return known;
    const target = new Target(id, this.#records, this.#log);
    this.#targets.set(id, target);
    return target;
  }

  /** A pod that was refused before it came may never come; its record is kept for a week. */
  #podIsGone({ podUid, changedAt }: TargetDocument): boolean {
    if (podUid === null) return Date.now() - Date.parse(changedAt) > KEEP_MS;
    return !existsSync(path.join(this.#places.kubeletPods, podUid));
  }

  #nothingYet(id: string): Obtain {
    return {
      fetch: () => Promise.reject(new Error('a move brings its state with the request to restore')),
      cleanUp: () => this.#removeStaging(id),
    };
  }

  #ofMove(id: string, request: RestoreRequest, target: Target): Obtain {
    return this.#obtain(id, async (staging, timeoutMs) => {
      await receiveArchive(this.#store, request, staging, timeoutMs);
      return readBundle(target.document.bundle ?? '');
    });
  }

  #ofCheckpoint(origin: Origin & { kind: 'checkpoint' }, bundle: Bundle): Obtain {
    return this.#obtain(origin.id, async (staging) => {
      await receiveCheckpoint(this.#store, userPath(origin.path), bundle.container, staging);
      return bundle;
    });
  }

  /** Receives a state, then makes it fit the container that waits: host name, writable layer, /dev/shm. */
  #obtain(id: string, receive: (staging: string, timeoutMs: number) => Promise<Bundle>): Obtain {
    const staging = path.join(this.#places.imagesDir, stagingName(id, 'target'));
    const imageDir = path.join(staging, IMAGE_DIR);
    const cleanUp = () => this.#removeStaging(id);
    return {
      cleanUp,
      fetch: (deadline) =>
        inStep('fetch', async () => {
          await cleanUp();
          const bundle = await receive(staging, Math.max(1, deadline.left()));
          const hostName = await sandboxHostName(bundle);
          if (hostName !== undefined) await setImageHostName(imageDir, hostName);
          await applyLayer(path.join(staging, LAYER_FILE), path.join(bundle.dir, 'rootfs'), LAYER_LIMIT_MS);
          const shm = path.join(staging, SHM_FILE);
          if (bundle.shmDir !== undefined && existsSync(shm))
            await applyLayer(shm, bundle.shmDir, LAYER_LIMIT_MS);
          return { imageDir, workDir: this.#workDir(id), cleanUp };
        }),
    };
  }

  #workDir(id: string): string {
    return path.join(this.#places.logDir, id);
  }

  #removeStaging(id: string): Promise<void> {
    return rm(path.join(this.#places.imagesDir, stagingName(id, 'target')), { recursive: true, force: true });
  }
}
