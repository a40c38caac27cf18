import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { Journal } from '../journal.ts';
import { RunningTally } from './tally.ts';
import { tallyReport } from './vitest-report.ts';

const passed = { fullName: 'adds', status: 'passed', failureMessages: [] };
const failed = {
  fullName: 'divides',
  status: 'failed',
  failureMessages: ['AssertionError: 1 is not 2\n    at x'],
};

function report(files: unknown[], counts: [number, number], success: boolean): string {
  return JSON.stringify({
    numPassedTests: counts[0],
    numFailedTests: counts[1],
    success,
    testResults: files,
  });
}

describe('the sum of a vitest report', () => {
  it('counts tests and names the failed ones', () => {
    const file = {
      name: 'a.test.ts',
      status: 'failed',
      message: '',
      assertionResults: [passed, passed, failed],
    };
    expect(tallyReport(report([file], [2, 1], false))).toEqual({
      passed: 2,
      failed: 1,
      failures: ['divides: AssertionError: 1 is not 2'],
    });
  });

  it('counts a file that could not be loaded as a failure', () => {
    const broken = {
      name: 'b.test.ts',
      status: 'failed',
      message: 'Cannot find module\nmore',
      assertionResults: [],
    };
    expect(tallyReport(report([broken], [0, 0], false))).toMatchObject({
      failed: 1,
      failures: ['b.test.ts: Cannot find module'],
    });
  });

  it('counts a file whose hooks failed after its tests had passed', () => {
    const hook = { name: 'c.test.ts', status: 'failed', message: 'afterAll', assertionResults: [passed] };
    expect(tallyReport(report([hook], [1, 0], false))).toMatchObject({ passed: 1, failed: 1 });
  });

  it('counts a run that is no success for no visible reason', () => {
    const file = { name: 'd.test.ts', status: 'passed', assertionResults: [passed] };
    expect(tallyReport(report([file], [1, 0], false))).toMatchObject({ passed: 1, failed: 1 });
    expect(tallyReport(report([file], [1, 0], true))).toMatchObject({ passed: 1, failed: 0 });
  });

  it('refuses what is no report', () => {
    expect(() => tallyReport('{}')).toThrow();
  });
});

describe('a running tally', () => {
  it('adds its own checks to the tests, and a run that cannot start counts as a failure', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'podferry-tally-'));
    const screen = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      const run = new RunningTally(new Journal('test', dir));
      expect(await run.check('good', async () => undefined)).toBe(true);
      expect(await run.check('bad', () => Promise.reject(new Error('no', { cause: new Error('why') })))).toBe(
        false,
      );
      expect(await run.tests('some', async () => ({ passed: 5, failed: 0, failures: [] }))).toBe(true);
      expect(await run.tests('none', () => Promise.reject(new Error('no lab')))).toBe(false);
      expect([run.passed, run.failed]).toEqual([6, 2]);
      expect(run.failures).toEqual(['bad: no\n  because: why', 'none: no lab']);
    } finally {
      screen.mockRestore();
      rmSync(dir, { recursive: true });
    }
  });
});
