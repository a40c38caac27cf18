import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { readBundle } from '../bundle.ts';
import { IMAGE_DIR, LAYER_FILE, SHM_FILE } from '../state-layout.ts';
import type { Stopwatch } from '../stopwatch.ts';
import type { RunningContainer } from './container.ts';
import { dump } from './dump.ts';
import { archiveLayer, upperDirectory } from './layer.ts';

const LAYER_LIMIT_MS = 5 * 60_000;

/** The directories of a container whose content CRIU does not dump. */
export interface CaptureFiles {
  /** Takes the container's writes. */
  upper: string;
  /** Seen by the container as /dev/shm. */
  shmDir: string | undefined;
}

/** Finds them. Before the freeze. */
export async function filesOf(container: RunningContainer): Promise<CaptureFiles> {
  const { shmDir } = await readBundle(container.bundle);
  return { upper: await upperDirectory(container.bundle), shmDir };
}

export interface CapturePlaces {
  /** Receives `image/`, `rw.tar` and `shm.tar`; in memory. */
  staging: string;
  /** Receives CRIU's dump.log. */
  logDir: string;
}

/** Makes an empty staging directory. Before the freeze. */
export async function prepareStaging(places: CapturePlaces): Promise<void> {
  await rm(places.staging, { recursive: true, force: true });
  await mkdir(path.join(places.staging, IMAGE_DIR), { recursive: true, mode: 0o700 });
  await mkdir(places.logDir, { recursive: true, mode: 0o700 });
}

/**
 * Saves the state of a frozen container into the staging directory: its processes by CRIU and, side by side, the
 * files that CRIU leaves out. Resolves, or rejects with the first failure, only when both have ended: nothing may still hold the tasks.
 */
export async function captureFrozen(
  container: RunningContainer,
  files: CaptureFiles,
  places: CapturePlaces,
  watch: Stopwatch,
): Promise<void> {
  const image = { imageDir: path.join(places.staging, IMAGE_DIR), logDir: places.logDir };
  const dumped = watch.phase('dump', () => dump(container, image));
  const layered = watch.phase('layer', () => archiveFiles(files, places.staging));
  const ended = await Promise.allSettled([dumped, layered]);
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}

async function archiveFiles({ upper, shmDir }: CaptureFiles, staging: string): Promise<void> {
  await archiveLayer(upper, path.join(staging, LAYER_FILE), LAYER_LIMIT_MS);
  if (shmDir !== undefined && (await readdir(shmDir)).length > 0)
    await archiveLayer(shmDir, path.join(staging, SHM_FILE), LAYER_LIMIT_MS);
}
