import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Journal } from '../journal.ts';
import { cacheDir, stateDir } from '../paths.ts';
import { type Process, readProcesses } from '../processes.ts';

/**
 * Language host and provider plugins whose engine was killed. They would notice only minutes later (the engine's
 * plugins look whether it lives every five minutes), and until then could still be at work.
 * @param commandLine the arguments a process was started with
 */
export function findOrphans(
  processes: readonly Process[],
  commandLine: (pid: number) => readonly string[],
): number[] {
  const engines = new Set(processes.filter(({ command }) => command === 'pulumi').map(({ pid }) => pid));
  return processes
    .filter(({ parent }) => !engines.has(parent))
    .filter(({ pid }) => commandLine(pid).slice(0, 2).some(isEnginesHelper))
    .map(({ pid }) => pid);
}

/** The program itself, or the script that an interpreter runs: in front of PATH, in PULUMI_HOME, or out of the cache. */
function isEnginesHelper(argument: string): boolean {
  return (
    [stateDir, cacheDir()].some((dir) => argument.startsWith(`${dir}/`)) &&
    /(^|-)pulumi-(language|resource)-/.test(basename(argument))
  );
}

/** Ends them; they have nothing to save. */
export function endOrphans(journal: Journal): void {
  for (const pid of findOrphans(readProcesses(), readCommandLine)) {
    journal.write(`ending process ${pid}, whose engine was killed`);
    try {
      process.kill(pid, 'SIGTERM');
    } catch {
      // It ended by itself.
    }
  }
}

function readCommandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
