import { withRemoval } from '../../migration/bench/freeze.ts';
import { armNamed } from '../arms/all.ts';
import { type ExperimentLab, masterOf } from '../lab.ts';
import { RemoteProber } from '../prober/remote-prober.ts';
import type { ResultFolder } from '../records/files.ts';
import { difference } from '../records/identity.ts';
import { cellKey, type ExperimentRecord, type Head } from '../records/record.ts';
import type { Workload } from '../workloads/workload.ts';
import { FLOOR, Floor } from './floor.ts';
import { type Cell, plan } from './plan.ts';
import { PodWatch } from './pod-watch.ts';
import { Progress } from './progress.ts';
import { clearStage, createService, type ServiceAddress, setStage } from './stage.ts';
import { startArmNamed, WarmStart } from './start.ts';
import { runTransition, type Stage } from './transition.ts';

/** So many runs one after another that come to nothing: something is wrong that more of them will not mend. */
const MOST_FAILURES = 4;

/** What is to be measured. */
export interface Wanted {
  head: Head;
  workloads: readonly Workload[];
}

/**
 * Plays all cells that the folder does not hold yet, and puts each into it as it comes. Everything that was made in the lab is removed
 * again, whatever happens; a user's wish to stop ends it after the run under way.
 * @param proberBundle file with the prober's program
 * @throws Error when the folder holds samples of another lab, version or plan
 */
export async function runExperiment(
  lab: ExperimentLab,
  folder: ResultFolder,
  { head, workloads }: Wanted,
  proberBundle: string,
): Promise<void> {
  const done = begin(folder, head);
  const cells = plan(head.pairs, head.runs, head.seed).filter((cell) => !done.has(cellKey(cell)));
  if (cells.length === 0) return lab.say('every run is there already');
  if (done.size > 0) lab.say(`${done.size} runs are there already, ${cells.length} are left`);
  const floor = new Floor(lab);
  const master = masterOf(lab).name;
  const removals: (() => Promise<void>)[] = [];
  await withRemoval(
    [() => removeAll(removals), () => floor.remove(), () => RemoteProber.remove(lab, master)],
    async () => {
      lab.say('preparing');
      await floor.remove();
      removals.push(() => clearStage(lab));
      await setStage(lab);
      const watch = await PodWatch.start(lab);
      removals.push(async () => watch.stop());
      const prober = await RemoteProber.start(lab, master, proberBundle);
      removals.push(async () => prober.stop());
      const addresses = new Map<string, ServiceAddress>();
      for (const workload of workloads) addresses.set(workload.name, await createService(lab, workload));
      const stage: Stage = { lab, watch, prober, addresses };
      const warm = new WarmStart(stage);
      removals.push(() => warm.remove());
      await playAll(stage, folder, cells, workloads, { floor, warm });
    },
  );
}

/** What was made last is removed first; what cannot be removed keeps nothing else from it. */
async function removeAll(removals: (() => Promise<void>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const remove of removals.reverse()) await remove().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}

/** @returns keys of the cells that are done */
function begin(folder: ResultFolder, head: Head): Set<string> {
  if (!folder.isBegun) {
    folder.append(head);
    return new Set();
  }
  const before = folder.read();
  const why = difference(before.head.identity, head.identity);
  if (why !== undefined)
    throw new Error(
      `${folder.dir} holds samples of ${why}: they would not be comparable; choose another --out`,
    );
  const [planned, wanted] = [before.head, head].map(({ seed, runs, pairs }) =>
    JSON.stringify({ seed, runs, pairs }),
  );
  if (planned !== wanted) {
    const { seed, runs, arms, workloads } = before.head;
    throw new Error(
      `${folder.dir} holds another plan (${JSON.stringify({ seed, runs, arms, workloads })}); give the same options, or choose another --out`,
    );
  }
  const good = before.records.filter(({ kind }) => kind !== 'failed' && kind !== 'head') as Exclude<
    ExperimentRecord,
    Head
  >[];
  return new Set(good.map(cellKey));
}

async function playAll(
  stage: Stage,
  folder: ResultFolder,
  cells: readonly Cell[],
  workloads: readonly Workload[],
  single: { floor: Floor; warm: WarmStart },
): Promise<void> {
  const progress = new Progress(cells);
  let failures = 0;
  for (const cell of cells) {
    if (stage.lab.stopped()) return stage.lab.say('stopped; the same command goes on from here');
    const workload = workloads.find(({ name }) => name === cell.workload);
    if (workload === undefined) throw new Error(`no workload is called ${cell.workload}`);
    progress.begin(cell);
    const record = await play(stage, folder, cell, workload, single).catch((error: unknown) =>
      failed(cell, error),
    );
    folder.append(record);
    stage.lab.say(progress.end(record));
    failures = record.kind === 'failed' ? failures + 1 : 0;
    if (failures >= MOST_FAILURES)
      throw new Error(
        `${failures} runs one after another came to nothing; the last one: ${messageOf(record)}`,
      );
  }
}

async function play(
  stage: Stage,
  folder: ResultFolder,
  cell: Cell,
  workload: Workload,
  { floor, warm }: { floor: Floor; warm: WarmStart },
): Promise<ExperimentRecord> {
  if (cell.arm === FLOOR) return floor.run(stage, cell, workload);
  const start = startArmNamed(cell.arm);
  if (start) return warm.run(cell, workload, start);
  const arm = armNamed(cell.arm);
  if (arm === undefined) throw new Error(`no arm is called ${cell.arm}`);
  const { record, samples } = await runTransition(stage, cell, arm, workload);
  // First the samples: a run counts as done once its record is there.
  folder.appendSamples(samples);
  return record;
}

function failed(cell: Cell, error: unknown): ExperimentRecord {
  return { kind: 'failed', ...cell, at: new Date().toISOString(), message: chain(error) };
}

const chain = (error: unknown): string =>
  error instanceof Error
    ? [error.message, ...(error.cause === undefined ? [] : [chain(error.cause)])].join(': ')
    : String(error);

const messageOf = (record: ExperimentRecord): string => (record.kind === 'failed' ? record.message : '');
