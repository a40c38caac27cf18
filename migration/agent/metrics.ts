import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AgentFailure, PhaseTiming } from '../contract/agent-api.ts';
import { FREEZE_SECONDS, WORK_SECONDS } from '../metrics/buckets.ts';
import { stepLabel } from '../metrics/step-label.ts';

/** What a record of a move, a target or a checkpoint has for its metrics. */
export interface Measured {
  state: string;
  timings: readonly PhaseTiming[];
  failure: AgentFailure | null;
  freezeMs?: number | null;
  bytes?: number | null;
  /** Containers that stand still as long as `state` says so. */
  held?: readonly unknown[];
}

/** What this agent does: it moves away, is the target of moves and restores, and saves checkpoints. */
export type Operation = 'move' | 'target' | 'checkpoint';

/** States in which an operation has had its outcome. `committed` is a move's: what follows is clearing away. */
const OUTCOMES: Record<Operation, ReadonlySet<string>> = {
  move: new Set(['committed', 'thawed']),
  target: new Set(['restored', 'failed', 'refused']),
  checkpoint: new Set(['held', 'complete', 'failed']),
};

/** States that last, but in which nothing is under way. */
const OVER: ReadonlySet<string> = new Set([
  'absent',
  'thawed',
  'released',
  'restored',
  'failed',
  'refused',
  'complete',
]);

/** States in which the containers that a record holds stand still, or may. */
const STILL: ReadonlySet<string> = new Set(['moving', 'committed', 'dumping', 'held', 'kept']);

/** The agent's metrics (README, "Metrics"). Labels have few values: nothing is labelled with a pod or a container. */
export class AgentMetrics {
  readonly registry = new Registry();
  readonly #records = new Map<Operation, () => Iterable<Measured>>();
  readonly #ended: Counter<'operation' | 'outcome' | 'step'>;
  readonly #freeze: Histogram<'operation'>;
  readonly #phase: Histogram<'operation' | 'phase'>;
  readonly #sent: Counter<'operation'>;
  #received: () => number = () => 0;

  constructor() {
    const registers = [this.registry];
    this.#ended = new Counter({
      name: 'podferry_agent_operations_total',
      help: 'Moves away, targets and checkpoints that had their outcome; step is what failed.',
      labelNames: ['operation', 'outcome', 'step'],
      registers,
    });
    this.#freeze = new Histogram({
      name: 'podferry_agent_freeze_seconds',
      help: 'How long no process of the pod ran.',
      labelNames: ['operation'],
      buckets: FREEZE_SECONDS,
      registers,
    });
    this.#phase = new Histogram({
      name: 'podferry_agent_phase_seconds',
      help: 'How long each phase took, for each container or for the whole pod.',
      labelNames: ['operation', 'phase'],
      buckets: WORK_SECONDS,
      registers,
    });
    this.#sent = new Counter({
      name: 'podferry_agent_sent_bytes_total',
      help: 'Bytes of state that were sent to targets or to the store.',
      labelNames: ['operation'],
      registers,
    });
    const received = (): number => this.#received();
    new Counter({
      name: 'podferry_agent_received_bytes_total',
      help: 'Bytes of state that arrived for targets as streams.',
      registers,
      collect() {
        this.reset();
        this.inc(received());
      },
    });
    this.#gauge('operations_in_flight', 'Moves away, targets and checkpoints that are under way.', count);
    this.#gauge('containers_held', 'Containers that are held still, or may be.', countHeld);
  }

  /** Whose records the gauges count. */
  watch(operation: Operation, records: () => Iterable<Measured>): void {
    this.#records.set(operation, records);
  }

  /** A record has changed. */
  changed(operation: Operation, before: Measured | undefined, after: Measured): void {
    if (after.state !== before?.state) this.#stateChanged(operation, before?.state, after);
    const { freezeMs, bytes } = after;
    if (freezeMs != null && before?.freezeMs == null) this.#freeze.observe({ operation }, freezeMs / 1000);
    const sent = (bytes ?? 0) - (before?.bytes ?? 0);
    if (sent > 0) this.#sent.inc({ operation }, sent);
    for (const { name, ms } of newTimings(before?.timings ?? [], after.timings))
      this.#phase.observe({ operation, phase: name }, ms / 1000);
  }

  /** Who counts the bytes that arrive, from the agent's start. */
  countReceived(bytes: () => number): void {
    this.#received = bytes;
  }

  /** An outcome counts once: a move that was committed is only released, a held checkpoint completed, later on. */
  #stateChanged(operation: Operation, from: string | undefined, { state, failure }: Measured): void {
    const outcomes = OUTCOMES[operation];
    if (!outcomes.has(state) || (from !== undefined && outcomes.has(from))) return;
    this.#ended.inc({ operation, outcome: state, step: failure ? stepLabel(failure.step) : '' });
  }

  #gauge(name: string, help: string, value: (records: Iterable<Measured>) => number): void {
    const records = this.#records;
    new Gauge({
      name: `podferry_agent_${name}`,
      help,
      labelNames: ['operation'],
      registers: [this.registry],
      collect() {
        for (const [operation, known] of records) this.set({ operation }, value(known()));
      },
    });
  }
}

function count(records: Iterable<Measured>): number {
  return [...records].filter(({ state }) => !OVER.has(state)).length;
}

function countHeld(records: Iterable<Measured>): number {
  return [...records].reduce((sum, { state, held }) => sum + (STILL.has(state) ? (held?.length ?? 0) : 0), 0);
}

function newTimings(before: readonly PhaseTiming[], after: readonly PhaseTiming[]): PhaseTiming[] {
  const keyOf = ({ name, container, startedAt }: PhaseTiming): string => `${name} ${container} ${startedAt}`;
  const known = new Set(before.map(keyOf));
  return after.filter((timing) => !known.has(keyOf(timing)));
}
