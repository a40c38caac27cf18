import { existsSync } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { type Bundle, sandboxHostName } from '../bundle.ts';
import { StepError } from '../failure.ts';
import { findVolumes } from '../source/pod.ts';
import { IMAGE_DIR, type StatePart, statePath } from '../state-layout.ts';
import { applyLayer } from '../tar/apply.ts';
import { setImageHostName } from './host-name.ts';

const LAYER_LIMIT_MS = 5 * 60_000;

/** The state of one pod that has arrived whole, as it lies in a staging directory, on its way into the new pod. */
export class PodState {
  readonly staging: string;
  readonly #kubeletPods: string;

  constructor(staging: string, kubeletPods: string) {
    this.staging = staging;
    this.#kubeletPods = kubeletPods;
  }

  /** Puts what the containers share into its places: emptyDirs and /dev/shm. Before the first of them is restored. */
  async deliverShared(bundle: Bundle): Promise<void> {
    const shared: Promise<void>[] = [];
    if (bundle.shmDir !== undefined) shared.push(this.#apply({ kind: 'shm' }, bundle.shmDir));
    for (const { name, directory } of await findVolumes(bundle.podUid, this.#kubeletPods))
      shared.push(this.#apply({ kind: 'volume', volume: name }, directory));
    await all(shared);
  }

  /** Puts a container's files into its places and makes its images, whose folder it returns, fit the new pod. Before it is restored. */
  async deliver(bundle: Bundle): Promise<string> {
    const { container } = bundle;
    const imageDir = path.join(this.staging, container, IMAGE_DIR);
    if (!existsSync(imageDir))
      throw new StepError('fetch', `the state holds no images of container '${container}'`);
    await all([
      this.#apply({ kind: 'layer', container }, path.join(bundle.dir, 'rootfs')),
      this.#deliverTerminationLog(bundle),
      this.#setHostName(bundle, imageDir),
    ]);
    return imageDir;
  }

  remove(): Promise<void> {
    return rm(this.staging, { recursive: true, force: true });
  }

  async #apply(part: StatePart, directory: string): Promise<void> {
    const archive = this.#file(part);
    if (existsSync(archive)) await applyLayer(archive, directory, LAYER_LIMIT_MS);
  }

  async #deliverTerminationLog({ container, terminationLog }: Bundle): Promise<void> {
    const file = this.#file({ kind: 'termination-log', container });
    if (terminationLog !== undefined && existsSync(file)) await copyFile(file, terminationLog);
  }

  async #setHostName(bundle: Bundle, imageDir: string): Promise<void> {
    const hostName = await sandboxHostName(bundle);
    if (hostName !== undefined) await setImageHostName(imageDir, hostName);
  }

  #file(part: StatePart): string {
    return path.join(this.staging, statePath(part));
  }
}

/** Makes an empty staging directory. */
export async function emptyStaging(staging: string): Promise<void> {
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true, mode: 0o700 });
}

/** Waits for all of them, then throws the first failure: nothing is still being written then. */
async function all(work: Promise<void>[]): Promise<void> {
  const ended = await Promise.allSettled(work);
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}
