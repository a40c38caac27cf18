import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { readyMemory } from '../../migration/bench/ready-memory.ts';
import { Ledger } from '../../migration/matrix/ledger.ts';
import type { Arm, Step, Transitioned } from '../arms/arm.ts';
import { type ExperimentLab, workersOf } from '../lab.ts';
import { now } from '../prober/clock.ts';
import type { RemoteProber } from '../prober/remote-prober.ts';
import type { Loss, Samples, TransitionRecord } from '../records/record.ts';
import type { Workload } from '../workloads/workload.ts';
import { askWhole } from './ask-whole.ts';
import { type NodeTimes, readNodeTimes } from './node-times.ts';
import type { Cell } from './plan.ts';
import type { PodTimes, PodWatch } from './pod-watch.ts';
import type { ServiceAddress } from './stage.ts';
import { Subject } from './subject.ts';

/** How often the Service is asked, and how often each pod. Together it is what the prober costs: see cpuMs in the samples. */
const SERVICE_EVERY_MS = 2;
const POD_EVERY_MS = 5;
/** Before anything is measured the service has answered without a silence for so long. */
const SETTLED_MS = 500;
/** What is recorded before and after the transition. */
const BEFORE_MS = 500;
const AFTER_MS = 650;
const FILL_SECONDS = 120;
/** An answer after this is no part of the transition any more. */
const BACK_MS = 120_000;

export const SERVICE = 'service';
export const seriesOf = (pod: string): string => `pod:${pod}`;

/** What all runs of an experiment share. */
export interface Stage {
  lab: ExperimentLab;
  watch: PodWatch;
  prober: RemoteProber;
  addresses: ReadonlyMap<string, ServiceAddress>;
}

/** One transition, from a fresh pod that answers to its successor that answers, with everything that was seen of it. */
export async function runTransition(
  stage: Stage,
  cell: Cell,
  arm: Arm,
  workload: Workload,
): Promise<{ record: TransitionRecord; samples: Samples }> {
  const subject = new Subject(stage.lab, stage.watch, workload);
  const run = new Run(stage, subject, arm, cell);
  try {
    return await run.all();
  } finally {
    await run.clean();
  }
}

class Run {
  readonly #stage: Stage;
  readonly #subject: Subject;
  readonly #arm: Arm;
  readonly #cell: Cell;
  readonly #from: string;
  readonly #to: string;
  readonly #address: ServiceAddress;
  readonly #ledger: Ledger | undefined;
  readonly #steps: Partial<Record<Step, number>> = {};
  /** What its own check said before the transition. */
  #wholeBefore = '';
  #unwatch: () => void = () => undefined;
  #isRecording = true;

  constructor(stage: Stage, subject: Subject, arm: Arm, cell: Cell) {
    this.#stage = stage;
    this.#subject = subject;
    this.#arm = arm;
    this.#cell = cell;
    const [one, two] = workersOf(stage.lab);
    [this.#from, this.#to] = cell.round % 2 === 1 ? [one, two] : [two, one];
    const address = stage.addresses.get(subject.workload.name);
    if (address === undefined) throw new Error(`${subject.workload.name} has no Service`);
    this.#address = address;
    if (subject.workload.loss.kind === 'writes') this.#ledger = new Ledger(address.outside);
  }

  async all(): Promise<{ record: TransitionRecord; samples: Samples }> {
    const { prober, watch, lab } = this.#stage;
    const at = new Date().toISOString();
    const [load = 0] = loadavg();
    const source = await this.#start();
    const { readyMiB } = this.#subject.workload;
    if (readyMiB !== undefined) await readyMemory(lab, this.#to, readyMiB);
    const offset = await prober.clockOffset();
    prober.record();
    await sleep(BEFORE_MS);
    const done = await this.#arm.make({
      lab,
      watch,
      subject: this.#subject,
      source,
      target: this.#to,
      mark: (step) => {
        this.#steps[step] = now();
      },
    });
    await this.#isBack(done);
    await sleep(AFTER_MS);
    const recording = await prober.finish();
    this.#isRecording = false;
    const loss = await this.#lostWrites();
    const faults = await this.#faults();
    const target = watch.pod(done.pod);
    const nodeTimes = await readNodeTimes(lab, target?.node ?? this.#to, done.pod, this.#steps.asked ?? 0);
    const record: TransitionRecord = {
      kind: 'transition',
      ...this.#cell,
      at,
      load,
      source: source.node,
      target: target?.node ?? '',
      sourcePod: seriesOf(source.name),
      targetPod: seriesOf(done.pod),
      times: timesOf(this.#steps, target, nodeTimes, offset.offsetMs),
      clockErrorMs: offset.errorMs,
      move: done.move ?? null,
      pauses: done.pauses ?? [],
      loss,
      faults,
    };
    const { is: _is, ...rest } = recording;
    return { record, samples: { ...this.#cell, ...rest } };
  }

  /** Leaves no pod, no client and no change of the nodes behind. */
  async clean(): Promise<void> {
    this.#unwatch();
    if (this.#isRecording) await this.#stage.prober.finish();
    await this.#ledger?.stop();
    await this.#arm.restore?.(this.#stage.lab, this.#from);
    await this.#subject.remove();
    this.#stage.watch.forgetGone();
  }

  /** A fresh pod that answers through its Service and has its state. */
  async #start(): Promise<PodTimes> {
    const { prober, lab } = this.#stage;
    const { workload } = this.#subject;
    this.#askPods();
    const source = await this.#subject.start(this.#from, this.#arm.startsAs);
    const { clusterIP, port } = this.#address;
    prober.ask(SERVICE, { host: clusterIP, port }, SERVICE_EVERY_MS, workload.exchange);
    await prober.answering(SERVICE, SETTLED_MS, workload.readySeconds * 1000);
    await this.#ledger?.start();
    if (workload.fill) {
      const exec = ['exec', '--namespace', 'podferry-experiment', source.name, '--', ...workload.fill];
      await lab.kubectl(exec, FILL_SECONDS);
    }
    if (workload.whole) this.#wholeBefore = await askWhole(this.#address.outside, workload.whole.path);
    await prober.answering(SERVICE, SETTLED_MS, workload.readySeconds * 1000);
    return this.#stage.watch.pod(source.name) ?? source;
  }

  /** Every pod of the workload is asked by itself too, from when it has an address. */
  #askPods(): void {
    const { prober, watch } = this.#stage;
    const { workload } = this.#subject;
    const asked = new Set<string>();
    this.#unwatch = watch.onChange(({ name, address, labels }) => {
      if (address === '' || asked.has(name) || labels['podferry.dev/experiment'] !== workload.name) return;
      asked.add(name);
      prober.ask(seriesOf(name), { host: address, port: workload.port }, POD_EVERY_MS, workload.exchange);
    });
  }

  /** The successor answers, by itself and through the Service. */
  async #isBack({ pod }: Transitioned): Promise<void> {
    const { prober } = this.#stage;
    await this.#subject.addressed(pod);
    await prober.answering(seriesOf(pod), 0, BACK_MS);
    await prober.answering(SERVICE, SETTLED_MS, BACK_MS);
  }

  /** Of writes. What is lost of a value is seen in the samples. */
  async #lostWrites(): Promise<Loss | null> {
    const { loss } = this.#subject.workload;
    if (loss.kind !== 'writes' || this.#ledger === undefined) return null;
    await this.#ledger.stop();
    const { acknowledged, lost } = await this.#ledger.audit();
    return { unit: loss.unit, of: acknowledged, lost };
  }

  async #faults(): Promise<string[] | null> {
    const { whole } = this.#subject.workload;
    if (whole === undefined) return null;
    return whole.lost(this.#wholeBefore, await askWhole(this.#address.outside, whole.path));
  }
}

/** All on the prober's clock: ours is brought to it, the nodes' are taken to agree. */
function timesOf(
  steps: Partial<Record<Step, number>>,
  target: PodTimes | undefined,
  node: NodeTimes,
  offsetMs: number,
): Record<string, number> {
  const { scheduled, addressed, ready, made } = target ?? {};
  const ours = { ...steps, made, scheduled, addressed, ready };
  const aligned = Object.entries(ours).flatMap(([name, at]) =>
    at === undefined ? [] : [[name, tenth(at + offsetMs)] as const],
  );
  return Object.fromEntries([...aligned, ...Object.entries(node).map(([name, at]) => [name, tenth(at)])]);
}

const tenth = (ms: number): number => Math.round(ms * 10) / 10;
