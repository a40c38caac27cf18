import { readdirSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { IMAGE_DIR, statePath } from '../state-layout.ts';
import type { Stopwatch } from '../stopwatch.ts';
import { stagingName } from '../tidy.ts';
import { type DumpPlaces, dump } from './dump.ts';
import { archiveOf } from './layer.ts';
import type { FoundContainer, FoundPod } from './pod.ts';
import { writeTaskSettings } from './read-task-settings.ts';
import type { StateOutput } from './state-output.ts';
import { type WarmDump, warmDump } from './warm-dump.ts';

const ARCHIVE_LIMIT_MS = 10 * 60_000;

export interface CapturePlaces {
  /** Receives `<container>/image/`; in memory. */
  staging: string;
  /** Receives CRIU's dump.log, in a folder for each container. */
  logDir: string;
}

/** The places of one operation, in the folders that it shares with others. */
export const capturePlaces = (id: string, shared: { imagesDir: string; logDir: string }): CapturePlaces => ({
  staging: path.join(shared.imagesDir, stagingName(id, 'source')),
  logDir: path.join(shared.logDir, id),
});

/** Makes an empty staging directory. Before the freeze. */
export async function prepareStaging(pod: FoundPod, places: CapturePlaces): Promise<void> {
  await rm(places.staging, { recursive: true, force: true });
  for (const { name } of pod.containers) {
    await mkdir(imageDirectory(places, name), { recursive: true, mode: 0o700 });
    await mkdir(path.join(places.logDir, name), { recursive: true, mode: 0o700 });
  }
}

/** Where the images of a container are written to. */
export const imageDirectory = (places: CapturePlaces, container: string): string =>
  path.join(places.staging, container, IMAGE_DIR);

const dumpPlaces = (places: CapturePlaces, container: string): DumpPlaces => ({
  imageDir: imageDirectory(places, container),
  logDir: path.join(places.logDir, container),
});

/**
 * Starts what the dumps need while the pod still runs; they are used by captureFrozen. An abort of `signal` cancels those that
 * have not begun.
 */
export async function warmUp(pod: FoundPod, places: CapturePlaces, signal: AbortSignal): Promise<FoundPod> {
  const dumps = new Map<string, WarmDump>();
  const warmed = pod.containers.map(async (container) => {
    const warm = await warmDump(container, dumpPlaces(places, container.name), pod.connections);
    if (warm !== undefined) dumps.set(container.name, warm);
  });
  const ended = await Promise.allSettled(warmed);
  const cancel = (): void => {
    for (const warm of dumps.values()) warm.cancel();
  };
  signal.addEventListener('abort', cancel, { once: true });
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed !== undefined || signal.aborted) cancel();
  if (failed !== undefined) throw failed.reason;
  signal.throwIfAborted();
  return { ...pod, dumps };
}

/**
 * Saves the state of a frozen pod: the processes of all containers by CRIU and, side by side, the files that CRIU leaves
 * out. Resolves, or rejects with the first failure, only when all have ended: nothing may still hold the tasks.
 */
export async function captureFrozen(
  pod: FoundPod,
  places: CapturePlaces,
  output: StateOutput,
  watch: Stopwatch,
  signal?: AbortSignal,
): Promise<void> {
  const dumped = pod.containers.map((container) => {
    const { name } = container;
    const begin = () => {
      writeTaskSettings(container, imageDirectory(places, name));
      return pod.dumps.get(name)?.run() ?? dump(container, dumpPlaces(places, name), pod.connections);
    };
    return watch.phase('dump', begin, name);
  });
  const written = watch.phase('layer', () => writeFiles(pod, output, signal));
  const ended = await Promise.allSettled([...dumped, written]);
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}

async function writeFiles(pod: FoundPod, output: StateOutput, signal?: AbortSignal): Promise<void> {
  for (const container of pod.containers) await writeContainer(container, output, signal);
  const archive = (directory: string, file: string) => writeArchive(directory, file, output, signal);
  if (pod.shmDir !== undefined) await archive(pod.shmDir, statePath({ kind: 'shm' }));
  for (const { name, directory } of pod.volumes)
    await archive(directory, statePath({ kind: 'volume', volume: name }));
}

async function writeContainer(
  { name, upper, terminationLog }: FoundContainer,
  output: StateOutput,
  signal?: AbortSignal,
): Promise<void> {
  await writeArchive(upper, statePath({ kind: 'layer', container: name }), output, signal);
  const message = terminationLog === undefined ? Buffer.alloc(0) : await readFile(terminationLog);
  if (message.length > 0)
    await output.write(statePath({ kind: 'termination-log', container: name }), whole(message));
}

/** Nothing for an empty directory: starting tar for each would be felt in the freeze. */
async function writeArchive(
  directory: string,
  file: string,
  output: StateOutput,
  signal?: AbortSignal,
): Promise<void> {
  if (readdirSync(directory).length > 0)
    await output.write(file, archiveOf(directory, ARCHIVE_LIMIT_MS, signal));
}

async function* whole(content: Buffer): AsyncGenerator<Buffer> {
  yield content;
}
