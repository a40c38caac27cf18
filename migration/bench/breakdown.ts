import type { StatusPhase } from '../contract/podmigration.ts';
import { median } from './statistics.ts';

/** One move, as its Podmigration reported it. Times in ms. */
export interface MoveSample {
  freezeMs: number;
  totalMs: number;
  bytes: number;
  phases: StatusPhase[];
  /** How long a client got no answer through the Service, for workloads that answer HTTP. */
  outageMs?: number;
  /** How long a client that kept its connection got no answer, for those that are moved with their address. */
  pauseMs?: number;
}

/** What follows one upon another from the frozen cgroup to the running tasks; not all of it in every move. */
const IN_THE_FREEZE = ['silence', 'dump', 'layer', 'move', 'fetch', 'restore', 'start', 'open'] as const;

/** What runs beside another phase, so that only what outlasts that one counts. */
const BESIDE: Partial<Record<(typeof IN_THE_FREEZE)[number], string>> = { layer: 'dump', fetch: 'move' };

/** What no phase accounts for. */
export const UNEXPLAINED = 'unexplained';

export interface Share {
  name: string;
  ms: number;
}

/**
 * Where one freeze went. The writable layer is saved beside the dump, and the target fetches from before the freeze on what the
 * source dumps and moves: only what outlasts those counts, for the target as far as the two nodes' clocks agree. The rest, such as
 * writing the commit down, is `unexplained`.
 */
export function sharesOf({ freezeMs, phases }: MoveSample): Share[] {
  const made = IN_THE_FREEZE.filter((name) => phases.some((phase) => phase.name === name));
  const shares = made.map((name) => {
    const other = BESIDE[name];
    return { name, ms: other === undefined ? lasting(phases, name) : outlasting(phases, name, other) };
  });
  const explained = shares.reduce((sum, { ms }) => sum + ms, 0);
  return [...shares, { name: UNEXPLAINED, ms: freezeMs - explained }];
}

/** The median of each share that any of many moves has. They need not add up to the median freeze. */
export function medianShares(samples: readonly MoveSample[]): Share[] {
  const all = samples.map(sharesOf);
  const names = [...IN_THE_FREEZE, UNEXPLAINED].filter((name) =>
    all.some((shares) => shares.some((share) => share.name === name)),
  );
  return names.map((name) => ({
    name,
    ms: median(all.map((shares) => shares.find((share) => share.name === name)?.ms ?? 0)),
  }));
}

function lasting(phases: readonly StatusPhase[], name: string): number {
  return phases.find((phase) => phase.name === name)?.ms ?? 0;
}

function outlasting(phases: readonly StatusPhase[], name: string, other: string): number {
  const end = (wanted: string): number | undefined => {
    const phase = phases.find((candidate) => candidate.name === wanted);
    return phase && Date.parse(phase.startedAt) + phase.ms;
  };
  const [late, early] = [end(name), end(other)];
  return late === undefined || early === undefined ? 0 : Math.max(0, late - early);
}
