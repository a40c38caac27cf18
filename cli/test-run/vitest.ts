import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Call } from '../context.ts';
import { withTemporaryFolder } from '../engine/temporary.ts';
import { errorChain } from '../failure.ts';
import { projectDir, stateDir } from '../paths.ts';
import { stream } from '../programs.ts';
import { type Tally, tallyReport } from './vitest-report.ts';

/** One of the projects of vitest.config.ts. */
export type VitestProject = 'unit' | 'smoke' | 'full' | 'lab' | 'full-lab';

/** Runs a project's tests (with `only`, those of files whose names have one of the texts) with their names shown as they end, and counts them. Never throws because of a failing test. */
export async function runVitest(
  call: Call,
  env: NodeJS.ProcessEnv,
  project: VitestProject,
  timeoutSeconds: number,
  only: readonly string[] = [],
): Promise<Tally> {
  mkdirSync(stateDir, { recursive: true });
  const report = join(stateDir, `vitest-${project}-${process.pid}.json`);
  const reporter = project === 'unit' ? 'default' : 'verbose';
  const args = ['run', ...only, '--project', project, '--passWithNoTests', '--reporter', reporter];
  try {
    // Tests kill engines and break off scripts, which then leave temporary files behind.
    const { code, timedOut } = await withTemporaryFolder(call.stack, (TMPDIR) =>
      stream(
        join(projectDir, 'node_modules', '.bin', 'vitest'),
        [...args, '--reporter', 'json', `--outputFile.json=${report}`],
        {
          env: { ...env, TMPDIR, NO_COLOR: '1', FORCE_COLOR: undefined },
          cwd: projectDir,
          journal: call.journal,
          terminal: false,
          timeoutSeconds,
        },
      ),
    );
    return withExitCode(readReport(report), code, timedOut);
  } finally {
    rmSync(report, { force: true });
  }
}

function readReport(file: string): Tally {
  try {
    return tallyReport(readFileSync(file, 'utf8'));
  } catch (error) {
    return { passed: 0, failed: 1, failures: [`vitest left no report: ${errorChain(error)[0]}`] };
  }
}

/** A run that ended badly although every counted test passed is a failure all the same. */
function withExitCode(tally: Tally, code: number, timedOut: boolean): Tally {
  if (tally.failed > 0 || (code === 0 && !timedOut)) return tally;
  const why = timedOut ? 'vitest did not end in time' : `vitest ended with exit code ${code}`;
  return { ...tally, failed: 1, failures: [why] };
}
