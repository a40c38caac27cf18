import type { CheckResult } from './agent-api.ts';
import type { CheckName } from './checks.ts';

/** What one look came to. */
export type Verdict = Omit<CheckResult, 'name'>;

export const passed = (message = ''): Verdict => ({ status: 'passed', message });
export const warned = (message: string): Verdict => ({ status: 'warning', message });
export const failed = (message: string): Verdict => ({ status: 'failed', message });
export const skipped = (message: string): Verdict => ({ status: 'skipped', message });

/** Fails with a message, or passes without one. */
export const failedIf = (message: string | undefined): Verdict =>
  message === undefined ? passed() : failed(message);

/** Checks by name; each is a function of what is known. */
export type Checks<F> = { readonly [name in CheckName]?: (facts: F) => Verdict };

/** Makes every check: what one says keeps no other from being made. */
export function runChecks<F>(checks: Checks<F>, facts: F): CheckResult[] {
  const made = Object.entries(checks) as [CheckName, (facts: F) => Verdict][];
  return made.map(([name, look]) => ({ name, ...look(facts) }));
}

/** Those that stand in the way. */
export const failures = (results: readonly CheckResult[]): CheckResult[] =>
  results.filter(({ status }) => status === 'failed');

/** What stands in the way, in one text. */
export const failuresText = (results: readonly CheckResult[]): string =>
  failures(results)
    .map(({ name, message }) => `${name}: ${message}`)
    .join('; ');
