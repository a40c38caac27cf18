import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Phase, type PhaseContext, phaseScripts } from '../phase.ts';

/** For tests: runs a phase on this machine, with its folders moved below `root`. */
export function runLocally(
  phase: Phase,
  context: PhaseContext,
  root: string,
  options: { part?: 'setUp' | 'remove'; stdin?: string } = {},
): { status: number | null; stdout: string; stderr: string } {
  const text = phaseScripts(phase, context)
    [options.part ?? 'setUp'].replaceAll('/etc/podferry', join(root, 'etc'))
    .replaceAll('/var/lib/podferry', join(root, 'lib'))
    .replaceAll('/run/podferry', join(root, 'run'));
  return spawnSync('sh', ['-c', text], { encoding: 'utf8', input: options.stdin ?? '', timeout: 60_000 });
}

/** Whether this machine has all of these programs. */
export function has(...programs: string[]): boolean {
  return programs.every((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0);
}
