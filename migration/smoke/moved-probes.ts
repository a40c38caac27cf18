import type { SmokeLab } from './lab.ts';
import type { Outcome, PodSet, PodSpec } from './pod-set.ts';
import { type Identity, Probes, type Report } from './probe.ts';

/** One probe that was to be moved. */
export interface Moved extends Outcome {
  before: Identity;
  after: Identity;
  report: Report;
}

/**
 * Starts pods with one probe each, moves all of them side by side and asks each what it kept. One that could not be moved
 * is asked too: it has to have kept everything. `how` is what their Podmigrations say beside that.
 */
export async function moveProbes(
  lab: SmokeLab,
  set: PodSet,
  pods: Record<string, PodSpec>,
  others: object[] = [],
  how: object = {},
): Promise<Record<string, Moved>> {
  const probes = new Probes(lab);
  await set.start(pods, others);
  const keys = Object.keys(pods);
  const before = await Promise.all(keys.map((key) => probes.identity(set.pod(key))));
  const outcomes = await set.move(undefined, how);
  const moved = keys.map(async (key, index): Promise<[string, Moved]> => {
    const outcome = outcomes[key] as Outcome;
    const after = await probes.identity(outcome.pod);
    const report = await probes.check(outcome.pod);
    return [key, { ...outcome, before: before[index] as Identity, after, report }];
  });
  return Object.fromEntries(await Promise.all(moved));
}
