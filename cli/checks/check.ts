import type { MachineFacts } from './facts.ts';

/** What stands in the way, and what to do about it. */
export interface Problem {
  level: 'error' | 'warning';
  message: string;
  advice: string;
}

/** One named look at this machine. All of them run; each can be left out by its name. */
export interface Check {
  name: string;
  /** What is checked, as `podferry doctor` lists it. */
  title: string;
  /** `podman`: matters only where this machine carries the hosts itself. */
  hosts: 'any' | 'podman';
  look(facts: MachineFacts): Problem | undefined;
}

export interface Finding {
  name: string;
  title: string;
  /** undefined: all well. */
  problem: Problem | undefined;
}

/** Runs the checks that matter for these hosts, all of them, whatever they find. */
export function runChecks(
  checks: readonly Check[],
  facts: MachineFacts,
  ignored: readonly string[] = [],
): Finding[] {
  return checks
    .filter((check) => !ignored.includes(check.name))
    .filter((check) => check.hosts === 'any' || facts.hosts === 'podman')
    .map((check) => ({ name: check.name, title: check.title, problem: check.look(facts) }));
}

export function error(message: string, advice: string): Problem {
  return { level: 'error', message, advice };
}

export function warning(message: string, advice: string): Problem {
  return { level: 'warning', message, advice };
}
