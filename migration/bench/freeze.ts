import { randomBytes } from 'node:crypto';
import { BenchPods } from './bench-pods.ts';
import type { MoveSample } from './breakdown.ts';
import {
  containerConfig,
  type FloorSample,
  floorMs,
  measureFloor,
  prepareFloor,
  removeFloors,
} from './floor.ts';
import type { BenchLab } from './lab.ts';
import { readyMemory } from './ready-memory.ts';
import type { Workload } from './workload.ts';

/** One round: what CRIU costs by itself, and a move of the same process, right after each other. */
export interface Round {
  workload: string;
  node: string;
  floor: FloorSample;
  /** The same of a container that was frozen before. */
  frozen: FloorSample;
  move: MoveSample;
}

/**
 * Measures `runs` rounds of each workload on the lab that is up, each with a fresh pod, interleaved, and one before them that warms
 * up and does not count. What it starts on nodes and in the cluster is removed again, whatever happens; a user's wish to stop ends it
 * after the round under way.
 */
export async function benchFreeze(
  lab: BenchLab,
  runs: number,
  wanted: readonly Workload[],
  onRound: (round: Round) => void,
): Promise<void> {
  const [here, there] = lab.outputs.nodes.filter(({ role }) => role === 'worker').map(({ name }) => name);
  if (here === undefined || there === undefined) throw new Error('the lab has fewer than two workers');
  const mark = randomBytes(3).toString('hex');
  const pods = wanted.map(
    (workload) => new BenchPods(lab, workload, `bench-${workload.name.toLowerCase()}-${mark}`),
  );
  const nodes = [here, there];
  await withRemoval(
    [...pods.map((pod) => () => pod.remove()), ...nodes.map((node) => () => removeFloors(lab, node))],
    async () => {
      lab.say('preparing');
      await Promise.all(nodes.map((node) => removeFloors(lab, node)));
      for (const each of pods) await prepare(lab, each, here, there);
      for (let run = 0; run <= runs; run += 1) {
        const [from, to] = run % 2 === 0 ? [here, there] : [there, here];
        for (const each of pods) {
          if (lab.stopped()) return;
          await each.start(from);
          const round = await measure(lab, each, to, run);
          await each.end();
          lab.say(line(run, runs, round));
          if (run > 0) onRound(round);
        }
      }
    },
  );
}

/** The floor's container is like that of a pod. */
async function prepare(lab: BenchLab, pods: BenchPods, here: string, there: string): Promise<void> {
  await pods.serve();
  await pods.start(here);
  const config = await containerConfig(lab, here, pods.name);
  await pods.end();
  await Promise.all([here, there].map((node) => prepareFloor(lab, node, pods.workload, config)));
}

/** Floor and move take turns in going first. The floor is taken where the pod moves to. */
async function measure(lab: BenchLab, pods: BenchPods, node: string, run: number): Promise<Round> {
  const { workload } = pods;
  const { readyMiB } = workload;
  const ready = async () => readyMiB !== undefined && (await readyMemory(lab, node, readyMiB));
  const floors = async () => {
    await ready();
    const floor = await measureFloor(lab, node, workload, 'bare');
    await ready();
    return { floor, frozen: await measureFloor(lab, node, workload, 'frozen') };
  };
  const move = async () => {
    await ready();
    return pods.move(node);
  };
  const about = { workload: workload.name, node };
  if (run % 4 < 2) return { ...about, ...(await floors()), move: await move() };
  const moved = await move();
  return { ...about, move: moved, ...(await floors()) };
}

function line(run: number, runs: number, { workload, node, floor, frozen, move }: Round): string {
  const [bare, least] = [floor, frozen].map((sample) => Math.round(floorMs(sample)));
  const which = run === 0 ? 'warm-up' : `${run}/${runs}`;
  const outage = move.outageMs === undefined ? '' : `, outage ${Math.round(move.outageMs)} ms`;
  const pause = move.pauseMs === undefined ? '' : `, pause ${Math.round(move.pauseMs)} ms`;
  return `${which.padStart(7)}  ${workload.padEnd(12)} floor ${bare} ms (frozen before: ${least} ms), freeze ${Math.round(move.freezeMs)} ms${outage}${pause} (to ${node})`;
}

/** All removals are tried, also when one fails; what the work threw comes first. */
export async function withRemoval(
  removals: readonly (() => Promise<void>)[],
  work: () => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  await work().catch((error: unknown) => errors.push(error));
  const ended = await Promise.allSettled(removals.map((remove) => remove()));
  for (const end of ended) if (end.status === 'rejected') errors.push(end.reason);
  if (errors.length > 0) throw errors[0];
}
