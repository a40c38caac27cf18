import { appendFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { resolve } from 'node:path';
import { benchFreeze, type Round } from '../../migration/bench/freeze.ts';
import { freezeReport } from '../../migration/bench/freeze-report.ts';
import type { BenchLab } from '../../migration/bench/lab.ts';
import { workloads } from '../../migration/bench/workload.ts';
import type { Call } from '../context.ts';
import { findEngine } from '../engine/engine.ts';
import { exitCodes, Failure } from '../failure.ts';
import { interrupted, withInterrupts } from '../interrupts.ts';
import { openLab } from '../open-lab.ts';
import { prepareTools } from '../prepare.ts';

export interface BenchOptions {
  runs: number;
  /** Names of workloads; all when empty. */
  workload: string[];
  json?: string;
}

/** Seed of the bootstrap: a report made again from the same samples is the same. */
const SEED = 1;

/** Runs a benchmark against the lab that is up, and prints its table. */
export async function bench(call: Call, { runs, workload, json }: BenchOptions): Promise<number> {
  const { journal } = call;
  const wanted = workloads.filter(({ name }) => workload.length === 0 || workload.includes(name));
  const engine = await findEngine(call.stack, journal);
  await prepareTools(engine);
  const lab = await openLab(call, engine);
  const record = await recorder(lab, json, { benchmark: 'freeze', runs, seed: SEED });
  const rounds: Round[] = [];
  await withInterrupts(
    (_signal, count) => count === 1 && journal.say('stopping after this round; what was started is removed'),
    () =>
      benchFreeze(lab, runs, wanted, (round) => {
        rounds.push(round);
        record(round);
      }),
  );
  if (rounds.length === 0) throw new Failure('no round was completed');
  process.stdout.write(`${freezeReport(rounds, SEED)}\n`);
  return interrupted() ? exitCodes.interrupted : exitCodes.ok;
}

/** Keeps every sample as it comes, one JSON document a line; the first line says what was measured on what. */
async function recorder(
  lab: BenchLab,
  file: string | undefined,
  about: Record<string, unknown>,
): Promise<(round: Round) => void> {
  if (file === undefined) return () => undefined;
  const path = resolve(file);
  const worker = lab.outputs.nodes.find(({ role }) => role === 'worker')?.name ?? '';
  const versions = await lab.onNode(worker, 'runc --version; criu --version; containerd --version', 30);
  const machine = { kernel: release(), cpus: cpus().length, cpu: cpus()[0]?.model };
  const head = {
    ...about,
    startedAt: new Date().toISOString(),
    machine,
    versions: versions.trim().split('\n'),
  };
  writeFileSync(path, `${JSON.stringify(head)}\n`);
  return (round) => appendFileSync(path, `${JSON.stringify({ at: new Date().toISOString(), ...round })}\n`);
}
