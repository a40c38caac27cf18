import type { MoveSample } from '../../migration/bench/breakdown.ts';
import type { ExperimentLab } from '../lab.ts';
import type { PodTimes, PodWatch } from '../run/pod-watch.ts';
import type { Subject } from '../run/subject.ts';

/** One transition that is to be made: the workload's pod answers on its node and shall answer on another. */
export interface Transition {
  lab: ExperimentLab;
  watch: PodWatch;
  subject: Subject;
  source: PodTimes;
  /** Node to go to. */
  target: string;
  /** Notes that a step of the arm was made, now. */
  mark(step: Step): void;
}

/** What an arm does one after another, as far as it does it. */
export type Step = 'asked' | 'sourceGone' | 'created';

/** A time for which the source was stopped on purpose; by the clock of its node. */
export interface Pause {
  /** ms since 1970 */
  at: number;
  ms: number;
}

export interface Transitioned {
  /** Name of the pod that is the workload now. */
  pod: string;
  /** What a Podmigration reported. */
  move?: MoveSample;
  pauses?: Pause[];
}

/** A way to bring a running service from one node to another. */
export interface Arm {
  name: string;
  /** For the report: what is done. */
  what: string;
  /** `default`: what Kubernetes offers. `migration`: state goes along. `control`: shows what the measurement is worth. */
  family: 'default' | 'migration' | 'control';
  /** What the workload runs as. */
  startsAs: 'pod' | 'deployment';
  /** Makes the transition; resolves when nothing more is left to do for it. */
  make(transition: Transition): Promise<Transitioned>;
  /** Undoes what it changed of the lab beside its pods; also after a failure. */
  restore?(lab: ExperimentLab, source: string): Promise<void>;
}
