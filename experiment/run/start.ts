import { loadavg } from 'node:os';
import { createMigration, follow } from '../../migration/kube/follow.ts';
import { checkpointsPath } from '../../migration/kube/paths.ts';
import { NAMESPACE, WORKLOAD_LABEL, workersOf } from '../lab.ts';
import { now } from '../prober/clock.ts';
import type { AskedSeries } from '../prober/messages.ts';
import type { StartRecord } from '../records/record.ts';
import type { Workload } from '../workloads/workload.ts';
import type { Cell } from './plan.ts';
import { Subject } from './subject.ts';
import { type Stage, seriesOf } from './transition.ts';

const EVERY_MS = 20;
const OVER_MS = 180_000;
const ANSWER_MS = 120_000;
const STORE_FOLDER = '/experiment';

/** Replicas that are started at once, from nothing or from one checkpoint. */
export interface StartArm {
  name: string;
  how: 'cold' | 'warm';
  replicas: number;
}

const REPLICAS = [1, 5, 10];

export const startArms: readonly StartArm[] = REPLICAS.flatMap((replicas) =>
  (['cold', 'warm'] as const).map((how) => ({ name: `${how}-${replicas}`, how, replicas })),
);

export const startArmNamed = (name: string): StartArm | undefined =>
  startArms.find((arm) => arm.name === name);

/** Starts replicas of a workload, and has the prober ask each of them until all have answered. */
export class WarmStart {
  readonly #stage: Stage;
  readonly #checkpoints = new Map<string, string>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async run(cell: Cell, workload: Workload, { how, replicas }: StartArm): Promise<StartRecord> {
    const path = how === 'warm' ? await this.#checkpoint(workload) : '';
    const { prober, watch } = this.#stage;
    const subject = new Subject(this.#stage.lab, watch, workload);
    const at = new Date().toISOString();
    const [load = 0] = loadavg();
    const asked = new Map<string, { seenAt: number }>();
    const unwatch = watch.onChange(({ name, address, labels, made }) => {
      if (address === '' || asked.has(name) || labels[WORKLOAD_LABEL] !== workload.name) return;
      asked.set(name, { seenAt: made });
      prober.ask(seriesOf(name), { host: address, port: workload.port }, EVERY_MS, {
        ...workload.exchange,
        connection: 'fresh',
      });
    });
    try {
      const { offsetMs } = await prober.clockOffset();
      prober.record();
      const askedAt = now();
      if (how === 'cold') await subject.startMany(replicas);
      else await this.#restore(subject, path, replicas);
      await watch.until(
        `the addresses of ${replicas} pods of ${workload.name}`,
        () => (asked.size >= replicas ? true : undefined),
        ANSWER_MS,
      );
      for (const name of asked.keys()) await prober.answering(seriesOf(name), 0, ANSWER_MS);
      const { series } = await prober.finish();
      const answered = [...asked].map(([name, { seenAt }]) => ({
        at: firstAnswer(series.find(({ id }) => id === seriesOf(name))) - offsetMs,
        seenAt,
      }));
      return {
        kind: 'start',
        ...cell,
        at,
        load,
        replicas,
        answeredMs: answered.map((one) => tenth(one.at - askedAt)),
        fromPodMs: answered.map((one) => tenth(one.at - one.seenAt)),
      };
    } finally {
      unwatch();
      await prober.finish();
      await subject.remove();
      watch.forgetGone();
    }
  }

  /** The checkpoints that were made stay on the store until they are removed here. */
  async remove(): Promise<void> {
    const { client } = this.#stage.lab;
    if (this.#checkpoints.size === 0) return;
    await client.request('DELETE', checkpointsPath(NAMESPACE));
  }

  /** One checkpoint of each workload is made, of a pod that has its state. @returns its path on the store */
  async #checkpoint(workload: Workload): Promise<string> {
    const known = this.#checkpoints.get(workload.name);
    if (known !== undefined) return known;
    const { lab, watch, prober } = this.#stage;
    const subject = new Subject(lab, watch, workload);
    try {
      const pod = await subject.start(workersOf(lab)[0], 'pod');
      prober.ask(seriesOf(pod.name), { host: pod.address, port: workload.port }, EVERY_MS, workload.exchange);
      await prober.answering(seriesOf(pod.name), 500, workload.readySeconds * 1000);
      const { checkpointPath } = await this.#podmigration(pod.name, {
        action: 'checkpoint',
        sourcePod: pod.name,
        snapshotPath: `${STORE_FOLDER}-${subject.name}`,
      });
      if (checkpointPath === undefined) throw new Error('the checkpoint tells no path');
      this.#checkpoints.set(workload.name, checkpointPath);
      return checkpointPath;
    } finally {
      await prober.finish();
      await subject.remove();
    }
  }

  async #restore(subject: Subject, snapshotPath: string, replicas: number): Promise<void> {
    await this.#podmigration(subject.name, {
      action: 'restore',
      snapshotPath,
      replicas,
      template: subject.template(),
    });
  }

  async #podmigration(prefix: string, spec: Parameters<typeof createMigration>[2]) {
    const connection = { client: this.#stage.lab.client, namespace: NAMESPACE };
    const created = await createMigration(connection, prefix, spec);
    const quiet = { onChange: () => undefined, onTrouble: () => undefined };
    const ending = await follow(connection, created, OVER_MS, quiet);
    if (ending.kind !== 'over') throw new Error(`the Podmigration ${created.metadata.name}: ${ending.kind}`);
    const { status } = ending.migration;
    if (status.state !== 'Succeeded')
      throw new Error(`${spec.action} failed: ${status.error?.step}: ${status.error?.message}`);
    return status;
  }
}

/** By the prober's clock, in ms since 1970. */
function firstAnswer(series: AskedSeries | undefined): number {
  const index = series?.latency.findIndex((latency) => latency >= 0) ?? -1;
  if (series === undefined || index < 0) throw new Error('a replica answered to nobody');
  return series.startedAt + index * series.everyMs + (series.latency[index] ?? 0) / 10;
}

const tenth = (ms: number): number => Math.round(ms * 10) / 10;
