import { existsSync, writeSync } from 'node:fs';
import { type FileHandle, mkdir, open, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mustRun } from '../command.ts';
import { Deadline } from '../stopwatch.ts';
import type { RunningContainer } from './container.ts';
import { type DumpPlaces, dump, endDumps } from './dump.ts';
import type { Connections } from './pod.ts';

/**
 * Stands before criu in runc's PATH. runc starts criu twice: to ask for its version, and for the dump. The second one says that it
 * waits, and goes on only when it is told to; when whoever would tell it is gone, it ends.
 */
const GATE = `#!/bin/sh
PATH=\${PATH#*:}
if mkdir "$PODFERRY_GATE/asked" 2>/dev/null; then exec criu "$@"; fi
{
  : >"$PODFERRY_GATE/waiting"
  read -r word && [ "$word" = go ] || exit 1
} <"$PODFERRY_GATE/words"
exec criu "$@"
`;
const READY_MS = 3000;
const MKFIFO_MS = 2000;
const LOOK_MS = 2;

/** A dump whose runc has started and waits before its CRIU, which has not touched the container yet. */
export interface WarmDump {
  /** Dumps the container, frozen by now; see dump. */
  run(): Promise<void>;
  /** Ends what waits; content if it has run. */
  cancel(): void;
}

/**
 * Starts a dump of a container that still runs, up to the point where CRIU would begin: the start of runc need not be part of
 * the freeze. Undefined when it does not come to that point, as with a runc that starts CRIU in another way.
 */
export async function warmDump(
  container: RunningContainer,
  places: DumpPlaces,
  connections: Connections,
): Promise<WarmDump | undefined> {
  const folder = path.join(places.logDir, 'gate');
  const words = await makeGate(folder);
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, PODFERRY_GATE: folder };
  let over = false;
  const dumped = dump(container, places, connections, env).finally(async () => {
    over = true;
    await words.close();
    await rm(folder, { recursive: true, force: true });
  });
  dumped.catch(() => undefined);
  const deadline = new Deadline(READY_MS);
  while (!existsSync(path.join(folder, 'waiting'))) {
    if (over || deadline.past) {
      await endDumps([container.id], 0);
      await dumped.catch(() => undefined);
      await rm(places.imageDir, { recursive: true, force: true });
      await mkdir(places.imageDir, { recursive: true, mode: 0o700 });
      return undefined;
    }
    await sleep(LOOK_MS);
  }
  return {
    async run() {
      if (!over) writeSync(words.fd, 'go\n');
      await dumped;
    },
    cancel: () => void words.close(),
  };
}

/** Opened for both directions, a pipe with a name waits for nobody, and keeps a word until it is read: fifo(7). */
async function makeGate(folder: string): Promise<FileHandle> {
  const words = path.join(folder, 'words');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(path.join(folder, 'criu'), GATE, { mode: 0o700 });
  await mustRun('mkfifo', [words], { timeoutMs: MKFIFO_MS });
  return open(words, 'r+');
}
