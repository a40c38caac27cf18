import { createInterface } from 'node:readline/promises';
import { podmanSubnets } from '../stacks/lab-plan.ts';
import { allChecks } from './checks/all.ts';
import { runChecks } from './checks/check.ts';
import type { MachineFacts } from './checks/facts.ts';
import { readMachineFacts } from './checks/read-facts.ts';
import { failedChecks, findingLines } from './checks/report.ts';
import type { Call } from './context.ts';
import { exitCodes, Failure } from './failure.ts';
import type { StackSettings } from './stack-settings.ts';
import { findWhatToBuild } from './toolbox.ts';

/**
 * Looks at this machine before anything on it is changed.
 * @throws Failure with every error and every warning, each with what to do
 */
export async function checkMachine(
  call: Call,
  settings: StackSettings,
  options: { ignore: readonly string[]; testing?: boolean },
): Promise<MachineFacts> {
  const toBuild = await findWhatToBuild(settings);
  const facts = await readMachineFacts(call.stack, settings, toBuild, options.testing === true);
  const findings = runChecks(allChecks, facts, options.ignore);
  const failed = failedChecks(findings);
  const lines = findingLines(findings, { all: false });
  if (failed.length === 0) {
    for (const line of lines) call.journal.say(line);
    return facts;
  }
  throw new Failure(`this machine cannot carry the lab; nothing was changed\n${lines.join('\n')}`, {
    advice: `\`./podferry doctor\` shows all checks; \`--ignore ${failed[0]}\` goes on in spite of one.`,
    exitCode: exitCodes.machine,
  });
}

/** What a command would install, build and change on this machine, as lines; empty when all of it is there. */
export function plannedChanges(facts: MachineFacts, settings: StackSettings): string[] {
  const lines: string[] = [];
  if (facts.missingPackages.length > 0)
    lines.push(`install with apt: ${facts.missingPackages.join(', ')} (they stay)`);
  if (facts.toBuild.length > 0)
    lines.push(`build into the cache: ${facts.toBuild.join(', ')} (it stays until \`down --purge\`)`);
  const isUp = facts.stacksOnMachine.includes(facts.stack) && facts.knownStacks.includes(facts.stack);
  if (facts.hosts === 'podman' && !isUp) {
    const names = settings.lab.hosts.map((host) => `${facts.stack}-${host.name}`).join(', ');
    const networks = podmanSubnets(settings.config).join(' and ');
    lines.push(
      `run the privileged containers ${names} on the private network ${networks} (until \`down\`)`,
      'raise some kernel settings (sysctl) for them (restored by the last `down`)',
    );
  }
  if (facts.hosts === 'ssh' && !facts.knownStacks.includes(facts.stack))
    lines.push(
      `set up over SSH: ${settings.lab.hosts.map((host) => host.name).join(', ')} (undone by \`down\`)`,
    );
  return lines;
}

/** Asks before the first change; without a terminal or with --yes it only tells. @throws Failure when refused */
export async function confirmChanges(call: Call, changes: readonly string[]): Promise<void> {
  if (changes.length === 0) return;
  call.journal.say('On this machine it will');
  for (const change of changes) call.journal.say(`  - ${change}`);
  if (call.yes) return;
  const questions = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await questions.question('Go on? [Y/n] ');
    if (/^(y(es)?)?$/i.test(answer.trim())) return;
  } finally {
    questions.close();
  }
  throw new Failure('refused; nothing was changed');
}
