import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CriuGate } from '../criu-gate.ts';
import { Deadline } from '../stopwatch.ts';
import type { RunningContainer } from './container.ts';
import { type DumpPlaces, dump, endDumps } from './dump.ts';
import type { Connections } from './pod.ts';

const READY_MS = 3000;
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
  const gate = await CriuGate.make(path.join(places.logDir, 'gate'));
  let over = false;
  const dumped = dump(container, places, connections, { ...process.env, ...gate.env }).finally(async () => {
    over = true;
    await gate.remove();
  });
  dumped.catch(() => undefined);
  const deadline = new Deadline(READY_MS);
  while (!gate.isReached) {
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
      if (!over) gate.open();
      await dumped;
    },
    cancel: () => void gate.close(),
  };
}
