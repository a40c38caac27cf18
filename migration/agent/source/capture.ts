import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { IMAGE_DIR, LAYER_FILE } from '../state-layout.ts';
import type { Stopwatch } from '../stopwatch.ts';
import type { RunningContainer } from './container.ts';
import { dump } from './dump.ts';
import { archiveLayer } from './layer.ts';

const LAYER_LIMIT_MS = 5 * 60_000;

export interface CapturePlaces {
  /** Receives `image/` and `rw.tar`; in memory. */
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
 * Saves the state of a frozen container into the staging directory: its processes by CRIU and, side by side, its
 * writable layer. Resolves, or rejects with the first failure, only when both have ended: nothing may still hold the tasks.
 */
export async function captureFrozen(
  container: RunningContainer,
  upper: string,
  places: CapturePlaces,
  watch: Stopwatch,
): Promise<void> {
  const image = { imageDir: path.join(places.staging, IMAGE_DIR), logDir: places.logDir };
  const dumped = watch.phase('dump', () => dump(container, image));
  const layered = watch.phase('layer', () =>
    archiveLayer(upper, path.join(places.staging, LAYER_FILE), LAYER_LIMIT_MS),
  );
  const ended = await Promise.allSettled([dumped, layered]);
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}
