import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { MIGRATION_ANNOTATION } from '../contract/annotations.ts';
import { isFinal, type MigrationState, type Podmigration } from '../contract/podmigration.ts';
import { isPodReady, type Pod } from '../kube/objects.ts';
import { ANSWER_SECONDS, FREEZE_SECONDS, STATE_BYTES, WORK_SECONDS } from '../metrics/buckets.ts';
import { stepLabel } from '../metrics/step-label.ts';

/** How a piece of work ended, for those who count it. */
export type LookOutcome = 'done' | 'conflict' | 'error';

/** What the queue of reconciles holds. */
export interface QueueSizes {
  /** Keys that are being handled. */
  running: number;
  /** Keys that have changed meanwhile and wait to be handled again. */
  waiting: number;
}

/** A target whose readiness ends the outage that its freeze began. */
interface Outage {
  freezeMs: number;
  committedAt: number;
}

/**
 * The operator's metrics (README, "Metrics"). Labels have few values: nothing is labelled with a pod, node or namespace.
 * What a migration was is read off its status when it ends, so that a restarted operator counts it, too.
 */
export class OperatorMetrics {
  readonly registry = new Registry();
  /** States of the migrations that are not over, by uid. */
  readonly #open = new Map<string, { action: string; state: MigrationState }>();
  /** Committed moves whose target was not seen Ready yet, by uid. */
  readonly #outages = new Map<string, Outage>();
  #queue: () => QueueSizes = () => ({ running: 0, waiting: 0 });

  readonly #ended = this.#counter('migrations_total', 'Podmigrations that ended.', [
    'action',
    'outcome',
    'step',
  ]);
  readonly #freeze = this.#histogram(
    'migration_freeze_seconds',
    'How long no process of the pod ran.',
    ['action'],
    FREEZE_SECONDS,
  );
  readonly #total = this.#histogram(
    'migration_duration_seconds',
    'From a Podmigration being accepted to its end.',
    ['action', 'outcome'],
    WORK_SECONDS,
  );
  readonly #phase = this.#histogram(
    'migration_phase_seconds',
    'How long each phase of a Podmigration that succeeded took.',
    ['action', 'phase'],
    WORK_SECONDS,
  );
  readonly #bytes = this.#histogram(
    'migration_state_bytes',
    'Size of the state that was moved or saved.',
    ['action'],
    STATE_BYTES,
  );
  readonly #outage = this.#histogram(
    'migration_outage_estimate_seconds',
    'Freeze, and what lay between the commit and the target being seen Ready.',
    [],
    FREEZE_SECONDS,
  );
  readonly #look = this.#histogram(
    'reconcile_duration_seconds',
    'One look at one Podmigration, without the time in which agents were waited for.',
    ['outcome'],
    ANSWER_SECONDS,
  );
  readonly #agent = this.#histogram(
    'agent_call_duration_seconds',
    'Calls of agents, by call; those of a move last as long as the move.',
    ['call', 'outcome'],
    WORK_SECONDS,
  );
  readonly #requests = this.#counter('api_requests_total', 'Requests to the API server.', [
    'verb',
    'resource',
    'code',
  ]);
  readonly #answers = this.#histogram(
    'api_request_duration_seconds',
    'How long the API server took to answer; watches are not among them.',
    ['verb', 'resource'],
    ANSWER_SECONDS,
  );
  readonly #leader = new Gauge({
    name: 'podferry_leader',
    help: 'Whether this replica leads: 1, or 0.',
    registers: [this.registry],
  });

  constructor() {
    this.#gauge('migrations_in_flight', 'Podmigrations that are being worked at.', ['action'], () =>
      this.#count((state) => state !== 'Pending'),
    );
    this.#gauge('migrations_queued', 'Podmigrations that have not begun.', ['action'], () =>
      this.#count((state) => state === 'Pending'),
    );
    this.#gauge('reconcile_running', 'Podmigrations that are being looked at right now.', [], () => [
      { labels: {}, value: this.#queue().running },
    ]);
    this.#gauge(
      'reconcile_queue_depth',
      'Podmigrations that have to be looked at once more when the look under way is over.',
      [],
      () => [{ labels: {}, value: this.#queue().waiting }],
    );
  }

  /** What is counted of the cluster begins anew with each leadership. */
  leads(queue: () => QueueSizes): void {
    this.#queue = queue;
    this.#leader.set(1);
  }

  /** Another replica counts what goes on from here. */
  stepsDown(): void {
    this.#queue = () => ({ running: 0, waiting: 0 });
    this.#leader.set(0);
    this.#open.clear();
    this.#outages.clear();
  }

  /** A Podmigration was seen in the cluster. */
  migrationSeen({ metadata, spec, status }: Podmigration, deleted: boolean): void {
    const state = status.state ?? 'Pending';
    if (deleted || isFinal(state)) this.#open.delete(metadata.uid);
    else this.#open.set(metadata.uid, { action: spec.action, state });
  }

  /** A pod was seen in the cluster. */
  podSeen(pod: Pod): void {
    const id = pod.metadata.annotations[MIGRATION_ANNOTATION];
    const outage = id === undefined ? undefined : this.#outages.get(id);
    if (id === undefined || outage === undefined || !isPodReady(pod)) return;
    this.#outages.delete(id);
    this.#outage.observe((outage.freezeMs + performance.now() - outage.committedAt) / 1000);
  }

  /** A Podmigration's state has changed, and that is written. `target` as it is known now. */
  stateChanged(migration: Podmigration, target: Pod | undefined): void {
    const { metadata, status } = migration;
    if (status.state === 'Committed') {
      this.#outages.set(metadata.uid, { freezeMs: status.freezeMs ?? 0, committedAt: performance.now() });
      if (target) this.podSeen(target);
    }
    if (!isFinal(status.state)) return;
    this.#outages.delete(metadata.uid);
    this.#over(migration);
  }

  #over({ spec: { action }, status }: Podmigration): void {
    const outcome = outcomeOf(status.state, status.error?.step);
    const step = status.state === 'Failed' ? stepLabel(status.error?.step ?? '') : '';
    this.#ended.inc({ action, outcome, step });
    if (status.totalMs !== undefined) this.#total.observe({ action, outcome }, status.totalMs / 1000);
    if (status.state !== 'Succeeded') return;
    if (status.freezeMs !== undefined) this.#freeze.observe({ action }, status.freezeMs / 1000);
    if (status.bytes !== undefined) this.#bytes.observe({ action }, status.bytes);
    for (const { name, ms } of status.phases ?? []) {
      // A phase of one container is named `phase container`; the container is nobody's label.
      this.#phase.observe({ action, phase: stepLabel(name.split(' ')[0] ?? '') }, ms / 1000);
    }
  }

  /** One look at one Podmigration is over; `ms` without the time that agents took. */
  looked(ms: number, outcome: LookOutcome): void {
    this.#look.observe({ outcome }, ms / 1000);
  }

  /** An agent has answered, or failed to. */
  agentCalled(call: string, ms: number, outcome: 'answer' | 'refusal' | 'silence'): void {
    this.#agent.observe({ call, outcome }, ms / 1000);
  }

  /** The API server has answered; `code` is 0 when it has not. */
  apiAsked(verb: string, resource: string, code: number, ms: number): void {
    this.#requests.inc({ verb, resource, code: String(code) });
    if (verb !== 'watch') this.#answers.observe({ verb, resource }, ms / 1000);
  }

  #count(wanted: (state: MigrationState) => boolean): { labels: { action: string }; value: number }[] {
    const counts = new Map([
      ['live-migration', 0],
      ['checkpoint', 0],
      ['restore', 0],
    ]);
    for (const { action, state } of this.#open.values())
      if (wanted(state)) counts.set(action, (counts.get(action) ?? 0) + 1);
    return [...counts].map(([action, value]) => ({ labels: { action }, value }));
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name: `podferry_${name}`, help, labelNames, registers: [this.registry] });
  }

  #histogram<L extends string>(name: string, help: string, labelNames: L[], buckets: number[]): Histogram<L> {
    return new Histogram({ name: `podferry_${name}`, help, labelNames, buckets, registers: [this.registry] });
  }

  #gauge<L extends string>(
    name: string,
    help: string,
    labelNames: L[],
    values: () => { labels: Partial<Record<L, string>>; value: number }[],
  ): void {
    new Gauge<L>({
      name: `podferry_${name}`,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        for (const { labels, value } of values()) this.set(labels, value);
      },
    });
  }
}

/** `refused`: nothing was begun; `cancelled`: the object was deleted; `failed`: it was undone. */
function outcomeOf(state: MigrationState | undefined, step: string | undefined): string {
  if (state === 'Succeeded') return 'succeeded';
  if (step === 'validate') return 'refused';
  return step === 'cancel' ? 'cancelled' : 'failed';
}
