import { allChecks } from '../checks/all.ts';
import { runChecks } from '../checks/check.ts';
import { readMachineFacts } from '../checks/read-facts.ts';
import { failedChecks, findingLines } from '../checks/report.ts';
import type { Call } from '../context.ts';
import { exitCodes, Failure } from '../failure.ts';
import { readStackSettings } from '../stack-settings.ts';
import { findWhatToBuild } from '../toolbox.ts';

/** Runs every check of this machine and lists them all, the good ones too. Changes nothing. */
export async function doctor(call: Call, options: { ignore: string[] }): Promise<number> {
  assertCheckNames(options.ignore);
  const settings = readStackSettings(call.stack);
  const toBuild = await findWhatToBuild(settings);
  const facts = await readMachineFacts(call.stack, settings, toBuild, true);
  const findings = runChecks(allChecks, facts, options.ignore);
  const lines = findingLines(findings, { all: true });
  if (facts.missingPackages.length > 0)
    lines.push(`\`podferry up\` and \`test\` would install: ${facts.missingPackages.join(', ')}`);
  if (toBuild.length > 0) lines.push(`\`podferry up\` would build: ${toBuild.join(', ')}`);
  process.stdout.write(`${lines.join('\n')}\n`);
  const failed = failedChecks(findings);
  if (failed.length === 0) return exitCodes.ok;
  process.stdout.write(`\nThis machine cannot carry the lab yet: ${failed.join(', ')}\n`);
  return exitCodes.machine;
}

/** @throws Failure for a name that no check has */
export function assertCheckNames(names: readonly string[]): void {
  const known = allChecks.map((check) => check.name);
  const wrong = names.filter((name) => !known.includes(name));
  if (wrong.length === 0) return;
  throw new Failure(`there is no check ${wrong.join(', ')}`, {
    advice: `Checks: ${known.join(', ')}`,
    exitCode: exitCodes.usage,
  });
}
