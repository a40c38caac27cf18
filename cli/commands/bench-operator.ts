import { appendFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { resolve } from 'node:path';
import { benchOperator, type OperatorRun } from '../../migration/bench/operator/bench-operator.ts';
import { operatorReport } from '../../migration/bench/operator/report.ts';
import type { Call } from '../context.ts';
import { exitCodes } from '../failure.ts';

/** A small cluster, a middling one, and the one that counts: what grows with the cluster shows in the comparison. */
const SIZES = [
  { nodes: 10, pods: 100, migrations: 20 },
  { nodes: 100, pods: 1_000, migrations: 100 },
  { nodes: 2_000, pods: 20_000, migrations: 500 },
];

/** What goes wrong on a simulated cluster goes wrong in the same way for many; the rest is in the JSON. */
const SHOWN_FAILURES = 5;

/** Runs the operator against simulated clusters of growing size, and prints its table. Needs no lab. */
export async function benchOperatorCommand({ journal }: Call, { json }: { json?: string }): Promise<number> {
  const record = recorder(json);
  const runs: OperatorRun[] = [];
  for (const size of SIZES) {
    journal.say(`${size.migrations} migrations among ${size.pods} pods on ${size.nodes} nodes`);
    const run = await benchOperator(size);
    runs.push(run);
    record(run);
    for (const failure of run.outcome.failures.slice(0, SHOWN_FAILURES)) journal.say(`  failed: ${failure}`);
  }
  process.stdout.write(`${operatorReport(runs)}\n`);
  const wellDone = runs.every(({ outcome, size }) => outcome.succeeded === size.migrations);
  return wellDone ? exitCodes.ok : exitCodes.failed;
}

/** Keeps every run with all its samples, one JSON document a line; the first line says on what it was measured. */
function recorder(file: string | undefined): (run: OperatorRun) => void {
  if (file === undefined) return () => undefined;
  const path = resolve(file);
  const machine = { kernel: release(), cpus: cpus().length, cpu: cpus()[0]?.model, node: process.version };
  const head = { benchmark: 'operator', startedAt: new Date().toISOString(), machine };
  writeFileSync(path, `${JSON.stringify(head)}\n`);
  return (run) => appendFileSync(path, `${JSON.stringify({ at: new Date().toISOString(), ...run })}\n`);
}
