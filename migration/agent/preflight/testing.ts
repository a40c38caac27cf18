import type { ProcessFacts } from './processes.ts';

/** A process of root that has these files open. */
export function processWith(links: readonly string[], changes: Partial<ProcessFacts> = {}): ProcessFacts {
  const descriptors = links.map((link, fd) => ({ path: `/proc/100/fd/${fd}`, link }));
  return { name: 'app', pid: 7, ids: [0, 0, 0, 0, 0, 0], isTraced: false, descriptors, ...changes };
}
