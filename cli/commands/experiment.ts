import { spawn } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import type { ExperimentLab } from '../../experiment/lab.ts';
import { ResultFolder } from '../../experiment/records/files.ts';
import { identify } from '../../experiment/records/identity.ts';
import type { Head } from '../../experiment/records/record.ts';
import { writeReport } from '../../experiment/report/write-report.ts';
import { runExperiment } from '../../experiment/run/experiment.ts';
import { provideImages } from '../../experiment/run/images.ts';
import { choose, type Size, sizes } from '../../experiment/run/sizes.ts';
import { kubeClient } from '../../migration/kube/client.ts';
import { bundleProgram } from '../../toolchain/bundles.ts';
import { describe } from '../build-step.ts';
import type { Call } from '../context.ts';
import { type Engine, findEngine } from '../engine/engine.ts';
import { withTemporaryFolder } from '../engine/temporary.ts';
import { exitCodes, Failure } from '../failure.ts';
import { interrupted, withInterrupts } from '../interrupts.ts';
import { findNode, nodeArguments } from '../node-access.ts';
import { openLab } from '../open-lab.ts';
import { projectDir, stateDir } from '../paths.ts';
import { prepareTools } from '../prepare.ts';
import { capture } from '../programs.ts';

export interface ExperimentOptions {
  short?: boolean;
  full?: boolean;
  arm: string[];
  workload: string[];
  runs?: number;
  seed: number;
  out?: string;
  /** Measures nothing: makes the report anew of what the folder holds. */
  report?: boolean;
}

/** Measures what a transition costs on the lab that is up, and writes the report of it. */
export async function experiment(call: Call, options: ExperimentOptions): Promise<number> {
  const size: Size = options.full ? 'full' : options.short ? 'short' : 'medium';
  const folder = new ResultFolder(resolve(options.out ?? join(stateDir, 'experiment', call.stack)));
  if (!options.report) await measure(call, options, size, folder);
  const { files, failed } = await writeReport(folder);
  for (const file of files) process.stdout.write(`${file}\n`);
  if (interrupted()) return exitCodes.interrupted;
  if (failed > 0) call.journal.say(`${failed} runs came to nothing; the report lists them`);
  return failed > 0 ? exitCodes.failed : exitCodes.ok;
}

async function measure(
  call: Call,
  options: ExperimentOptions,
  size: Size,
  folder: ResultFolder,
): Promise<void> {
  const { journal } = call;
  const engine = await findEngine(call.stack, journal);
  await prepareTools(engine);
  const chosen = choose(size, options.arm, options.workload);
  const lab = await provideImages(await openExperimentLab(call, engine), chosen.workloads, (event) => {
    if (event.kind === 'reused') journal.write(describe(event));
    else journal.say(describe(event));
  });
  const head = await headOf(call, lab, { ...options, runs: options.runs ?? sizes[size].runs }, chosen);
  await withInterrupts(
    (_signal, count) => count === 1 && journal.say('stopping after this run; what was started is removed'),
    () =>
      withTemporaryFolder(call.stack, async (temporary) => {
        const bundle = join(temporary, 'prober.mjs');
        await bundleProgram('experiment/prober/main.ts', bundle);
        await runExperiment(lab, folder, { head, workloads: chosen.workloads }, bundle);
      }),
  );
}

async function headOf(
  { journal }: Call,
  lab: ExperimentLab,
  { runs, seed }: { runs: number; seed: number },
  { workloads, pairs }: ReturnType<typeof choose>,
): Promise<Head> {
  const git = (args: string[]) => capture('git', args, { timeoutSeconds: 20, cwd: projectDir, journal });
  const commit = await git(['describe', '--always', '--abbrev=40', '--dirty']);
  return {
    kind: 'head',
    format: 1,
    startedAt: new Date().toISOString(),
    seed,
    arms: [...new Set(pairs.map(({ arm }) => arm))],
    workloads: workloads.map(({ name }) => name),
    pairs,
    runs,
    readyMiB: Object.fromEntries(
      workloads.flatMap(({ name, readyMiB }) => (readyMiB === undefined ? [] : [[name, readyMiB]])),
    ),
    identity: await identify(lab, commit.code === 0 ? commit.stdout.trim() : 'unknown'),
    host: {
      kernel: release(),
      cpu: cpus()[0]?.model ?? 'unknown',
      cpus: cpus().length,
      memoryBytes: totalmem(),
      node: process.version,
      hosts: lab.outputs.nodes.length,
    },
  };
}

async function openExperimentLab(call: Call, engine: Engine): Promise<ExperimentLab> {
  const lab = await openLab(call, engine);
  const config = new KubeConfig();
  config.loadFromString(lab.outputs.kubeconfig);
  return {
    ...lab,
    client: kubeClient(config),
    startOnNode(name, command) {
      const node = findNode(call.stack, lab.outputs.nodes, name);
      const asRoot = node.user === 'root' ? [command] : [`sudo -n sh -c '${command}'`];
      const child = spawn('ssh', nodeArguments(call.stack, node, asRoot), {
        stdio: ['pipe', 'pipe', 'pipe'],
        // A group of its own: an interrupt ends the run under way, not its prober.
        detached: true,
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => call.journal.write(text));
      return {
        stdin: child.stdin,
        stdout: child.stdout,
        ended: new Promise((ended) => {
          child.once('error', (cause) => {
            call.journal.write(new Failure('cannot start ssh', { cause }).message);
            ended(255);
          });
          child.once('close', (code) => ended(code ?? 255));
        }),
        stop: () => child.kill(),
      };
    },
  };
}
