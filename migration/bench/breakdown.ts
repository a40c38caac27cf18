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

/** How much of a phase counts that runs beside another one. */
const BESIDE: Partial<Record<(typeof IN_THE_FREEZE)[number], (phases: readonly StatusPhase[]) => number>> = {
  silence: (phases) => outside(phases, 'silence', 'dump'),
  layer: (phases) => outlasting(phases, 'layer', 'dump'),
  fetch: (phases) => outlasting(phases, 'fetch', 'move'),
};

/** What no phase accounts for. */
export const UNEXPLAINED = 'unexplained';

export interface Share {
  name: string;
  ms: number;
}

/**
 * Where one freeze went. The link is taken down and the writable layer is saved beside the dump, and the target fetches from before the
 * freeze on what the source dumps and moves: only what lies outside of those, or outlasts them, counts, for the target as far as the two
 * nodes' clocks agree. The rest, such as writing the commit down, is `unexplained`.
 */
export function sharesOf({ freezeMs, phases }: MoveSample): Share[] {
  const made = IN_THE_FREEZE.filter((name) => phases.some((phase) => phase.name === name));
  const shares = made.map((name) => ({ name, ms: BESIDE[name]?.(phases) ?? lasting(phases, name) }));
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

/** Beginning and end of a phase, in ms; nothing when there was none. */
function spanOf(phases: readonly StatusPhase[], name: string): { from: number; to: number } | undefined {
  const phase = phases.find((candidate) => candidate.name === name);
  if (phase === undefined) return undefined;
  const from = Date.parse(phase.startedAt);
  return { from, to: from + phase.ms };
}

function outside(phases: readonly StatusPhase[], name: string, other: string): number {
  const [one, two] = [spanOf(phases, name), spanOf(phases, other)];
  if (one === undefined || two === undefined) return lasting(phases, name);
  const shared = Math.min(one.to, two.to) - Math.max(one.from, two.from);
  return one.to - one.from - Math.max(0, shared);
}

function outlasting(phases: readonly StatusPhase[], name: string, other: string): number {
  const [one, two] = [spanOf(phases, name), spanOf(phases, other)];
  return one === undefined || two === undefined ? 0 : Math.max(0, one.to - two.to);
}
