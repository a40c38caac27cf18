import { loadavg } from 'node:os';
import {
  containerConfig,
  type FloorProcess,
  measureFloor,
  prepareFloor,
  removeFloors,
} from '../../migration/bench/floor.ts';
import { readyMemory } from '../../migration/bench/ready-memory.ts';
import { type ExperimentLab, workersOf } from '../lab.ts';
import type { FloorRecord } from '../records/record.ts';
import type { Workload } from '../workloads/workload.ts';
import type { Cell } from './plan.ts';
import { Subject } from './subject.ts';
import type { Stage } from './transition.ts';

export const FLOOR = 'floor';

/** Bare runc with the same process on one worker: what the machine itself takes, in the same experiment. */
export class Floor {
  readonly #lab: ExperimentLab;
  readonly #node: string;
  readonly #prepared = new Set<string>();

  constructor(lab: ExperimentLab) {
    this.#lab = lab;
    [this.#node] = workersOf(lab);
  }

  async run(stage: Stage, cell: Cell, workload: Workload): Promise<FloorRecord> {
    const at = new Date().toISOString();
    const floor = floorProcess(workload);
    if (!this.#prepared.has(workload.name)) await this.#prepare(stage, workload, floor);
    const [load = 0] = loadavg();
    await this.#ready(workload);
    const frozen = await measureFloor(this.#lab, this.#node, floor, 'frozen');
    await this.#ready(workload);
    const bare = await measureFloor(this.#lab, this.#node, floor, 'bare');
    return { kind: 'floor', ...cell, at, load, frozen, bare };
  }

  async #ready({ readyMiB }: Workload): Promise<void> {
    if (readyMiB !== undefined) await readyMemory(this.#lab, this.#node, readyMiB);
  }

  async remove(): Promise<void> {
    await removeFloors(this.#lab, this.#node);
  }

  /** The container's configuration is taken from a pod of the workload, which is started for that. */
  async #prepare(stage: Stage, workload: Workload, floor: FloorProcess): Promise<void> {
    const subject = new Subject(this.#lab, stage.watch, workload);
    try {
      const pod = await subject.start(this.#node, 'pod');
      const config = await containerConfig(this.#lab, this.#node, pod.name);
      await prepareFloor(this.#lab, this.#node, floor, config);
      this.#prepared.add(workload.name);
    } finally {
      await subject.remove();
    }
  }
}

function floorProcess({ name, app, port, fill }: Workload): FloorProcess {
  return { name, app, port, ...(fill && { fill }) };
}
