import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { StackOutputs } from '../../migration/contract/stack-outputs.ts';
import { cells } from '../../migration/matrix/faults.ts';
import { slice } from '../../migration/matrix/slice.ts';
import { readRoutes } from '../checks/read-facts.ts';
import { down } from '../commands/down.ts';
import { evidence } from '../commands/evidence.ts';
import { up } from '../commands/up.ts';
import type { Call } from '../context.ts';
import { askEngine, type Engine, findEngine } from '../engine/engine.ts';
import { Failure } from '../failure.ts';
import { interrupted, takeInterrupt } from '../interrupts.ts';
import { formatSeconds } from '../journal.ts';
import { takeSnapshot, whatIsLeft } from '../machine-snapshot.ts';
import { readOutputs } from '../outputs.ts';
import { binDir, stackPaths, stateDir } from '../paths.ts';
import { lastLines, mustCapture } from '../programs.ts';
import { freeSubnet } from './free-subnet.ts';
import { runTestsOnLab } from './lab-tests.ts';
import { runMatrix } from './matrix.ts';
import type { RunningTally } from './tally.ts';
import { runVitest } from './vitest.ts';
import type { Tally } from './vitest-report.ts';

/** Seconds for all tests that build labs of their own: CI's, and those that only a full run has the time for. */
const LAB_TESTS_SECONDS = { lab: 30 * 60, 'full-lab': 45 * 60 };

/** Seconds for a refresh. */
const REFRESH_SECONDS = 120;

/**
 * A lab from nothing, used, and taken down again, whatever happened to it in between; then the tests that build labs
 * of their own, with nothing else up.
 * @param full whether the long tests and the failure matrix are wanted too
 */
export async function runLabChecks(run: RunningTally, call: Call, full: boolean): Promise<void> {
  const configured = await configureStack(call.stack);
  const before = await takeSnapshot();
  const nothingLeft = async (): Promise<void> => {
    const left = await whatIsLeft(before);
    if (left.length > 0) throw new Failure(`not as before:\n${left.join('\n')}`);
  };
  try {
    await useLab(run, call, full);
  } finally {
    // An interrupt ended the checks above; taking the lab down is still to be done, and can be interrupted anew.
    const stopping = takeInterrupt();
    if (stopping) call.journal.say('stopping; the lab is taken down first (interrupt again to leave it)');
    await run.check('down', () => timed(call, 'down', () => down(call, {})));
    await run.check('nothing is left on this machine', nothingLeft);
    if (configured) rmSync(stackPaths(call.stack).config, { force: true });
    if (!stopping && !interrupted()) {
      await run.tests('tests that build labs', () => runLabTests(call, 'lab'));
      if (full) await run.tests('long tests that build labs', () => runLabTests(call, 'full-lab'));
      await run.check('nothing is left of them either', nothingLeft);
    }
  }
}

async function useLab(run: RunningTally, call: Call, full: boolean): Promise<void> {
  const failedBefore = run.failed;
  const isUp = await run.check('up', () => timed(call, 'up', () => up(call, { ignore: [] })));
  if (isUp) {
    const engine = await findEngine(call.stack, call.journal);
    const steps = [
      () => run.tests('smoke tests', () => runTestsOnLab(call, engine, 'smoke')),
      ...(full ? [() => run.tests('full tests', () => runTestsOnLab(call, engine, 'full'))] : []),
      () => run.tests('failure matrix', () => runMatrix(call, engine, full ? cells : slice)),
      () => run.check('up again changes nothing', () => timed(call, 'unchanged up', () => upUnchanged(call))),
      () => run.check('refresh finds the lab as it is', () => refreshFindsNothing(engine)),
      () => run.check('refresh notices a loss, up makes it good', () => refreshNoticesLoss(engine, call)),
    ];
    for (const step of steps) if (!interrupted()) await step();
  }
  if (run.failed > failedBefore && !interrupted())
    await evidence(call, [join(stateDir, 'evidence')]).catch(() => undefined);
}

/** They find engine and kubectl as a user of `podferry env` does. */
async function runLabTests(call: Call, project: 'lab' | 'full-lab'): Promise<Tally> {
  const engine = await findEngine(call.stack, call.journal);
  return runVitest(call, engine.env, project, LAB_TESTS_SECONDS[project]);
}

function upUnchanged(call: Call): Promise<number> {
  return up(call, { ignore: [], expectNoChanges: true });
}

/** Without a configuration of its own the stack gets a subnet that is free. @returns whether a file was made */
async function configureStack(stack: string): Promise<boolean> {
  const { config } = stackPaths(stack);
  if (existsSync(config)) return false;
  const subnet = freeSubnet((await readRoutes()).map((route) => route.destination));
  if (subnet === undefined) throw new Failure('every subnet for a test lab is taken on this machine');
  writeFileSync(config, stringify({ config: { 'podferry:subnet': subnet } }));
  return true;
}

async function timed(call: Call, what: string, work: () => Promise<number>): Promise<void> {
  const started = performance.now();
  const code = await work();
  call.journal.say(`${what} took ${formatSeconds((performance.now() - started) / 1000)}`);
  if (code !== 0) throw new Failure(`${what} ended with exit code ${code}`);
}

async function refreshFindsNothing(engine: Engine): Promise<void> {
  const { apps } = await readOutputs(engine);
  const { code, stdout, stderr } = await previewRefresh(engine, apps);
  if (code !== 0)
    throw new Failure(`the engine sees changes where there are none\n${lastLines(stdout + stderr, 20)}`);
}

/** Takes the Service of a sample application away behind the engine's back. */
async function refreshNoticesLoss(engine: Engine, call: Call): Promise<void> {
  const { apps } = await readOutputs(engine);
  const service = ['service', apps.redis.service, '--namespace', apps.redis.namespace];
  const kubectl = (args: string[]): Promise<string> =>
    mustCapture(
      `kubectl ${args[0]}`,
      join(binDir, 'kubectl'),
      ['--kubeconfig', stackPaths(engine.stack).kubeconfig, ...args],
      {
        timeoutSeconds: 60,
        journal: call.journal,
      },
    );
  await kubectl(['delete', ...service]);
  const { code } = await previewRefresh(engine, apps);
  if (code === 0) throw new Failure(`the engine does not notice that ${apps.redis.service} is gone`);
  const again = await askEngine(
    engine,
    ['up', '--refresh', '--yes', '--skip-preview', '--suppress-outputs', ...exceptMoved(apps)],
    {
      timeoutSeconds: REFRESH_SECONDS,
    },
  );
  if (again.code !== 0)
    throw new Failure(`up --refresh failed\n${lastLines(again.stdout + again.stderr, 20)}`);
  await kubectl(['get', ...service]);
}

function previewRefresh(engine: Engine, apps: StackOutputs['apps']): ReturnType<typeof askEngine> {
  return askEngine(engine, ['refresh', '--preview-only', '--expect-no-changes', ...exceptMoved(apps)], {
    timeoutSeconds: REFRESH_SECONDS,
  });
}

/**
 * The stack's own migration gives its pod another name. To the engine the pod that it made is gone, which is true and
 * not what is looked for here; made anew it would be a second one.
 */
function exceptMoved({ tick }: StackOutputs['apps']): string[] {
  return ['--exclude', `**$kubernetes:core/v1:Pod::${tick.pod}`];
}
