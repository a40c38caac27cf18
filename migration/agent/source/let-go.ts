import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import type { Containers } from './containers.ts';
import type { HeldContainer } from './record.ts';

/** A process that was killed may take this long to end. */
const KILL_LIMIT_MS = 2000;

/**
 * Lets frozen containers run again. A thaw lasts only when nobody dumps any more: a dump may come to its end within `graceMs`;
 * one that cannot even be killed does not keep the others waiting. `beforeThaw` must not reject.
 */
export async function letGo(
  held: readonly HeldContainer[],
  containers: Containers,
  graceMs: number,
  log: Logger,
  beforeThaw: () => Promise<void>,
): Promise<void> {
  const cgroups = held.map(({ cgroup }) => cgroup);
  const ended = containers
    .endDumps(
      held.map(({ id }) => id),
      graceMs,
    )
    .catch((error: unknown) => log.error({ error: String(error) }, 'a dump was not ended'))
    .then(() => true);
  const late = sleep(graceMs + KILL_LIMIT_MS, false, { ref: false });
  const inTime = await Promise.race([ended, late]);
  await beforeThaw();
  containers.thaw(cgroups);
  if (!inTime) void ended.then(() => containers.thaw(cgroups));
}
