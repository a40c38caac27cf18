import { errorChain } from '../failure.ts';
import { formatSeconds, type Journal } from '../journal.ts';
import type { Tally } from './vitest-report.ts';

/** Counts what a test run proves: its own checks, and the tests of vitest runs. */
export class RunningTally {
  readonly #journal: Journal;
  readonly #tallies: Tally[] = [];

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** One check of our own: it passes unless it throws. @returns whether it passed */
  async check(title: string, work: () => Promise<void>): Promise<boolean> {
    const started = performance.now();
    this.#journal.say(`── ${title}`);
    try {
      await work();
      this.#add(title, started, { passed: 1, failed: 0, failures: [] });
      return true;
    } catch (error) {
      const failures = [`${title}: ${errorChain(error).join('\n  because: ')}`];
      this.#add(title, started, { passed: 0, failed: 1, failures });
      return false;
    }
  }

  /** A run of tests that counts itself; that it cannot start is one failure. @returns whether all passed */
  async tests(title: string, work: () => Promise<Tally>): Promise<boolean> {
    const started = performance.now();
    this.#journal.say(`── ${title}`);
    const tally = await work().catch((error: unknown) => ({
      passed: 0,
      failed: 1,
      failures: [errorChain(error).join('\n  because: ')],
    }));
    const failures = tally.failures.map((failure) => `${title}: ${failure}`);
    this.#add(title, started, { ...tally, failures });
    return tally.failed === 0;
  }

  get passed(): number {
    return this.#tallies.reduce((sum, tally) => sum + tally.passed, 0);
  }

  get failed(): number {
    return this.#tallies.reduce((sum, tally) => sum + tally.failed, 0);
  }

  get failures(): string[] {
    return this.#tallies.flatMap((tally) => tally.failures);
  }

  #add(title: string, started: number, tally: Tally): void {
    this.#tallies.push(tally);
    const took = formatSeconds((performance.now() - started) / 1000);
    const { passed, failed } = tally;
    this.#journal.say(
      `${failed === 0 ? 'ok' : 'FAILED'}  ${title}: ${passed} passed, ${failed} failed (${took})`,
    );
  }
}
