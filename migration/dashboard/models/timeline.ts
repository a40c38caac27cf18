import { isFinal, type PodmigrationStatus, type StatusPhase } from '../../contract/podmigration.ts';

/** The phases of a migration as bars on one axis. Pure: the clock's time comes in. */

/** One bar. Times in ms from the timeline's beginning. */
export interface Bar {
  name: string;
  title: string;
  from: number;
  ms: number;
  /** Still going on: it ends now, wherever that is. */
  running: boolean;
  /** Lies in the freeze, at least half of it. */
  frozen: boolean;
}

/** A span of time in ms from the timeline's beginning. */
export interface Span {
  from: number;
  ms: number;
}

export interface Timeline {
  /** ms since the epoch. */
  startedAt: number;
  totalMs: number;
  bars: Bar[];
  /** While no process of the pod ran, if it is known. */
  freeze: Span | undefined;
}

/** What happens in a phase, for people who see its name for the first time. */
const TITLES: Readonly<Record<string, string>> = {
  queue: 'waits for other migrations',
  prepare: 'checks; the target pod is made and waits',
  freeze: 'the processes are stopped',
  dump: 'CRIU saves the processes',
  layer: 'written files are packed',
  move: 'the last of the state is sent',
  fetch: 'the target receives the state',
  restore: 'CRIU brings the processes up again',
  start: 'the container runtime reports the start',
  commit: 'the target becomes the pod',
  resume: 'the target goes on',
  upload: 'the state goes to the store',
  thaw: 'the source goes on',
  release: 'the source pod is removed',
};

/** What is going on in a state, and since which time of the status. */
const RUNNING: Readonly<
  Record<string, { title: string; since: (status: PodmigrationStatus) => string | undefined }>
> = {
  Preparing: { title: 'checks; the target pod is made', since: (s) => s.startedAt },
  Moving: { title: 'frozen, dumped, sent and restored', since: (s) => s.moveStartedAt },
  Committed: { title: 'the source pod is being removed', since: (s) => s.committedAt },
  RollingBack: { title: 'the source goes on', since: (s) => s.moveStartedAt ?? s.startedAt },
  Checkpointing: { title: 'frozen, saved and thawed', since: (s) => s.startedAt },
  Restoring: { title: 'pods are started from the state', since: (s) => s.startedAt },
};

/** @returns undefined while nothing has begun */
export function timelineOf(status: PodmigrationStatus, now: number): Timeline | undefined {
  const phases = status.phases ?? [];
  const startedAt = beginning(status, phases);
  if (startedAt === undefined) return undefined;
  const freeze = freezeOf(status, startedAt);
  const done = phases.map((phase) => barOf(phase, startedAt, freeze));
  const running = runningBar(status, done, startedAt, now);
  const bars = running === undefined ? done : [...done, running];
  const ends = [...bars, ...(freeze ? [freeze] : [])].map(({ from, ms }) => from + ms);
  const totalMs = Math.max(1, isFinal(status.state) ? (status.totalMs ?? 0) : 0, ...ends);
  return { startedAt, totalMs, bars, freeze };
}

function beginning(status: PodmigrationStatus, phases: readonly StatusPhase[]): number | undefined {
  const all = [status.startedAt, ...phases.map((phase) => phase.startedAt)].filter((at) => at !== undefined);
  return all.length === 0 ? undefined : Math.min(...all.map((at) => Date.parse(at)));
}

/** The freeze begins with the phase of that name and lasts as long as the agents measured. */
function freezeOf({ phases, freezeMs }: PodmigrationStatus, startedAt: number): Span | undefined {
  const phase = phases?.find(({ name }) => name === 'freeze');
  if (phase === undefined || freezeMs === undefined) return undefined;
  return { from: Date.parse(phase.startedAt) - startedAt, ms: freezeMs };
}

function barOf({ name, startedAt: at, ms }: StatusPhase, startedAt: number, freeze: Span | undefined): Bar {
  const from = Date.parse(at) - startedAt;
  const title = TITLES[name] ?? name;
  return {
    name,
    title,
    from,
    ms,
    running: false,
    frozen: freeze !== undefined && mostlyIn({ from, ms }, freeze),
  };
}

function mostlyIn(bar: Span, freeze: Span): boolean {
  const shared = Math.min(bar.from + bar.ms, freeze.from + freeze.ms) - Math.max(bar.from, freeze.from);
  return shared >= bar.ms / 2 && shared >= 0;
}

function runningBar(
  status: PodmigrationStatus,
  done: readonly Bar[],
  startedAt: number,
  now: number,
): Bar | undefined {
  const what = RUNNING[status.state ?? ''];
  if (what === undefined) return undefined;
  const since = what.since(status);
  const last = Math.max(0, ...done.map(({ from, ms }) => from + ms));
  const from = since === undefined ? last : Math.max(0, Date.parse(since) - startedAt);
  const name = (status.state ?? '').toLowerCase();
  // A clock behind the nodes' shows no negative time.
  const ms = Math.max(0, now - startedAt - from);
  return {
    name: name === 'rollingback' ? 'roll back' : name,
    title: what.title,
    from,
    ms,
    running: true,
    frozen: false,
  };
}

/** The part of a timeline that lies in `span`, with its own axis; bars that only touch it are cut. */
export function zoom(timeline: Timeline, span: Span): Timeline {
  const cut = ({ from, ms }: Span): Span => {
    const start = Math.max(from, span.from);
    return { from: start - span.from, ms: Math.max(0, Math.min(from + ms, span.from + span.ms) - start) };
  };
  const inside = timeline.bars.filter(
    ({ from, ms }) => from + ms > span.from && from < span.from + span.ms && cut({ from, ms }).ms > 0,
  );
  return {
    startedAt: timeline.startedAt + span.from,
    totalMs: Math.max(1, span.ms),
    bars: inside.map((bar) => ({ ...bar, ...cut(bar) })),
    freeze: timeline.freeze && cut(timeline.freeze),
  };
}

/** The span around the freeze that is worth a closer look: a tenth of it on either side. */
export function aroundFreeze({ freeze, totalMs }: Timeline): Span | undefined {
  if (freeze === undefined || freeze.ms === 0) return undefined;
  const margin = freeze.ms / 10;
  const from = Math.max(0, freeze.from - margin);
  return { from, ms: Math.min(totalMs, freeze.from + freeze.ms + margin) - from };
}

/** Times for the axis' marks: about `wanted` of them, at steps of 1, 2 or 5 times a power of ten. */
export function ticks(totalMs: number, wanted = 5): number[] {
  if (!(totalMs > 0)) return [0];
  const rough = totalMs / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  return Array.from({ length: Math.floor(totalMs / step + 1e-9) + 1 }, (_, index) => index * step);
}
