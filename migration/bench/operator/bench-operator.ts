import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { z } from 'zod';
import { bundleProgram } from '../../../toolchain/bundles.ts';
import {
  type ClusterSize,
  type FromCluster,
  type FromOperator,
  fromCluster,
  fromOperator,
  type ToCluster,
  type ToOperator,
  type Usage,
} from './messages.ts';

/** What one run has shown. */
export interface OperatorRun {
  size: ClusterSize;
  /** When the caches were filled, before the first migration. */
  idle: Usage;
  /** When all migrations were over. */
  end: Usage;
  outcome: Extract<FromCluster, { kind: 'over' }>;
  looksMs: number[];
  loopDelayMs: { p50: number; p99: number; max: number };
  metrics: string;
}

const START_MS = 60_000;
const RUN_MS = 180_000;

/**
 * Lets the operator's controller do all migrations of a fake cluster of this size. Cluster and operator are processes of
 * their own, bundled as they would be for a container.
 * @throws Error when one of them dies, or says nothing in time
 */
export async function benchOperator(size: ClusterSize): Promise<OperatorRun> {
  const dir = await mkdtemp(join(tmpdir(), 'podferry-bench-'));
  const children: ChildProcess[] = [];
  const start = async (name: string, args: string[]): Promise<ChildProcess> => {
    const program = join(dir, `${name}.mjs`);
    await bundleProgram(`migration/bench/operator/${name}.ts`, program);
    const child = fork(program, args, { execArgv: ['--expose-gc'], serialization: 'json' });
    children.push(child);
    return child;
  };
  try {
    const cluster = await start('cluster-main', []);
    send(cluster, { kind: 'make', size });
    const { apiUrl, agentsUrl } = await answer(cluster, fromCluster, 'made', START_MS);
    const operator = await start('operator-main', [apiUrl, agentsUrl]);
    const { usage: idle } = await answer(operator, fromOperator, 'ready', START_MS);
    send(cluster, { kind: 'migrate' });
    const outcome = await Promise.race([answer(cluster, fromCluster, 'over', RUN_MS), died(operator)]);
    send(operator, { kind: 'report' });
    const {
      usage: end,
      looksMs,
      loopDelayMs,
      metrics,
    } = await answer(operator, fromOperator, 'report', START_MS);
    return { size, idle, end, outcome, looksMs, loopDelayMs, metrics };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await rm(dir, { recursive: true });
  }
}

function send(child: ChildProcess, message: ToCluster | ToOperator): void {
  child.send(message);
}

/** The next message of this kind. */
function answer<M extends FromCluster | FromOperator, K extends M['kind']>(
  child: ChildProcess,
  schema: z.ZodType<M>,
  kind: K,
  timeoutMs: number,
): Promise<Extract<M, { kind: K }>> {
  const told = new Promise<Extract<M, { kind: K }>>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`no word '${kind}' from ${child.spawnfile} within ${timeoutMs} ms`)),
      timeoutMs,
    );
    child.on('message', function hear(raw) {
      const message = schema.parse(raw);
      if (message.kind !== kind) return;
      clearTimeout(timer);
      child.off('message', hear);
      resolve(message as Extract<M, { kind: K }>);
    });
  });
  return Promise.race([told, died(child)]);
}

function died(child: ChildProcess): Promise<never> {
  return new Promise((_resolve, reject) => {
    child.once('exit', (code, signal) => {
      reject(new Error(`${child.spawnargs.join(' ')} ended by itself: ${signal ?? `exit code ${code}`}`));
    });
  });
}
