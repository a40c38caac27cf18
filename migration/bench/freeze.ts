import { randomBytes } from 'node:crypto';
import { BenchPod } from './bench-pod.ts';
import type { MoveSample } from './breakdown.ts';
import {
  containerConfig,
  type FloorSample,
  floorMs,
  measureFloor,
  prepareFloor,
  removeFloor,
} from './floor.ts';
import type { BenchLab } from './lab.ts';

/** One round: what CRIU costs by itself, and a move of the same process, right after each other. */
export interface Round {
  node: string;
  floor: FloorSample;
  /** The same of a container that was frozen before. */
  frozen: FloorSample;
  move: MoveSample;
}

/**
 * Measures `runs` rounds on the lab that is up, and one before them that warms up and does not count. What it starts
 * on nodes and in the cluster is removed again, whatever happens; a user's wish to stop ends it after the round under way.
 */
export async function benchFreeze(
  lab: BenchLab,
  runs: number,
  onRound: (round: Round) => void,
): Promise<void> {
  const [here, there] = lab.outputs.nodes.filter(({ role }) => role === 'worker').map(({ name }) => name);
  if (here === undefined || there === undefined) throw new Error('the lab has fewer than two workers');
  const pod = new BenchPod(lab, `bench-${randomBytes(3).toString('hex')}`);
  await withRemoval(
    [() => pod.remove(), () => removeFloor(lab, here), () => removeFloor(lab, there)],
    async () => {
      lab.say('preparing');
      await Promise.all([removeFloor(lab, here), removeFloor(lab, there)]);
      await pod.start(here);
      const config = await containerConfig(lab, here, pod.name);
      const image = lab.outputs.apps.image.tick ?? '';
      await Promise.all([here, there].map((node) => prepareFloor(lab, node, config, image)));
      for (let run = 0; run <= runs && !lab.stopped(); run += 1) {
        const round = await measure(lab, pod, run % 2 === 0 ? there : here, run);
        lab.say(line(run, runs, round));
        if (run > 0) onRound(round);
      }
    },
  );
}

/** Floor and move take turns in going first. The floor is taken where the pod moves to. */
async function measure(lab: BenchLab, pod: BenchPod, node: string, run: number): Promise<Round> {
  const floors = async () => {
    const { port } = lab.outputs.apps.tick;
    const floor = await measureFloor(lab, node, port, 'bare');
    return { floor, frozen: await measureFloor(lab, node, port, 'frozen') };
  };
  if (run % 4 < 2) return { node, ...(await floors()), move: await pod.move(node) };
  const move = await pod.move(node);
  return { node, move, ...(await floors()) };
}

function line(run: number, runs: number, { node, floor, frozen, move }: Round): string {
  const [bare, least] = [floor, frozen].map((sample) => Math.round(floorMs(sample)));
  const which = run === 0 ? 'warm-up' : `${run}/${runs}`;
  return `${which.padStart(7)}  floor ${bare} ms (frozen before: ${least} ms), freeze ${Math.round(move.freezeMs)} ms (to ${node})`;
}

/** All removals are tried, also when one fails; what the work threw comes first. */
async function withRemoval(
  removals: readonly (() => Promise<void>)[],
  work: () => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  await work().catch((error: unknown) => errors.push(error));
  const ended = await Promise.allSettled(removals.map((remove) => remove()));
  for (const end of ended) if (end.status === 'rejected') errors.push(end.reason);
  if (errors.length > 0) throw errors[0];
}
