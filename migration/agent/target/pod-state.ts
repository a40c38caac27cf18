import { existsSync } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { type Bundle, sandboxHostName } from '../bundle.ts';
import { StepError } from '../failure.ts';
import { findVolumes } from '../source/pod.ts';
import { DESCRIPTORS_FILE, IMAGE_DIR, type StatePart, statePart, statePath } from '../state-layout.ts';
import { applyLayer } from '../tar/apply.ts';
import { setImageHostName } from './host-name.ts';
import { emptyIpcImages, ipcOwner } from './ipc-images.ts';
import { keepPeriodicTimers } from './periodic-timers.ts';
import { keepVolumeVersions } from './volume-versions.ts';

/** CRIU's image of what processes have open. https://criu.org/Images */
const OPEN_FILES = 'files.img';
const LAYER_LIMIT_MS = 5 * 60_000;

/**
 * Starts the runtime of the container that waits, whose images come to a folder, up to where its CRIU would begin; resolves when it is
 * there. Until then nothing is to be put into the container's root: runc mounts the volumes over it for a moment
 * (prepareCriuRestoreMounts).
 */
export type WarmUp = (imageDir: string) => Promise<void>;

/** The state of one pod that has arrived whole, as it lies in a staging directory, on its way into the new pod. */
export class PodState {
  readonly staging: string;
  readonly #kubeletPods: string;
  /** What is being unpacked, or was, by path. */
  readonly #unpacked = new Map<string, Promise<void>>();
  /** Rejects when the runtime that was started early has ended. */
  #rootIsFree = Promise.resolve();
  /** Something has come that is not sent ahead of the dump: to start a runtime early is of no use any more. */
  #dumpHasBegun = false;

  constructor(staging: string, kubeletPods: string) {
    this.staging = staging;
    this.#kubeletPods = kubeletPods;
  }

  /**
   * Uses a file that has arrived while the rest is on its way: unpacks it if its place is there, that of the container that waits or one
   * that the containers share; or lets its runtime start, by what that reads first. Only for a target that never runs unless all
   * arrives. A failure shows in the calls below.
   */
  deliverEarly(name: string, bundle: Bundle, warmUp: WarmUp): void {
    const part = statePart(name);
    const isAhead = part?.kind === 'image' && part.name === DESCRIPTORS_FILE;
    if (isAhead && part.container === bundle.container && !this.#dumpHasBegun) {
      this.#rootIsFree = warmUp(this.#imageDir(bundle.container));
      this.#rootIsFree.catch(() => undefined);
    }
    this.#dumpHasBegun ||= !isAhead;
    if (part?.kind === 'layer' && part.container === bundle.container) this.#applyLayer(bundle);
    if (part?.kind === 'shm' && bundle.shmDir !== undefined) this.#apply(part, bundle.shmDir);
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
    const imageDir = this.#imageDir(container);
    if (!existsSync(imageDir))
      throw new StepError('fetch', `the state holds no images of container '${container}'`);
    await all([
      this.#rootIsFree,
      this.#applyLayer(bundle),
      this.#deliverTerminationLog(bundle),
      this.#setHostName(bundle, imageDir),
      this.#shareIpc(bundle, imageDir),
      this.#fitOpenFiles(bundle, path.join(imageDir, OPEN_FILES)),
    ]);
    return imageDir;
  }

  /** Removes what is staged, once nothing is being unpacked from it. */
  async remove(): Promise<void> {
    await Promise.allSettled(this.#unpacked.values());
    await rm(this.staging, { recursive: true, force: true });
  }

  #applyLayer({ container, dir }: Bundle): Promise<void> {
    return this.#apply({ kind: 'layer', container }, path.join(dir, 'rootfs'), this.#rootIsFree);
  }

  #apply(part: StatePart, directory: string, isFree = Promise.resolve()): Promise<void> {
    const archive = this.#file(part);
    const known = this.#unpacked.get(archive);
    if (known !== undefined) return known;
    if (!existsSync(archive)) return Promise.resolve();
    const unpacked = isFree.then(() => applyLayer(archive, directory, LAYER_LIMIT_MS));
    unpacked.catch(() => undefined);
    this.#unpacked.set(archive, unpacked);
    return unpacked;
  }

  async #deliverTerminationLog({ container, terminationLog }: Bundle): Promise<void> {
    const file = this.#file({ kind: 'termination-log', container });
    if (terminationLog !== undefined && existsSync(file)) await copyFile(file, terminationLog);
  }

  async #setHostName(bundle: Bundle, imageDir: string): Promise<void> {
    const hostName = await sandboxHostName(bundle);
    if (hostName !== undefined) await setImageHostName(imageDir, hostName);
  }

  async #shareIpc({ container, restoredContainers = [container] }: Bundle, imageDir: string): Promise<void> {
    if (restoredContainers.length === 1) return;
    const owner = await ipcOwner(restoredContainers.map((name) => this.#imageDir(name)));
    if (restoredContainers[owner] !== container) await emptyIpcImages(imageDir);
  }

  async #fitOpenFiles({ podUid }: Bundle, image: string): Promise<void> {
    if (!existsSync(image)) return;
    await keepPeriodicTimers(image);
    await keepVolumeVersions(image, path.join(this.#kubeletPods, podUid, 'volumes'));
  }

  #imageDir(container: string): string {
    return path.join(this.staging, container, IMAGE_DIR);
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
