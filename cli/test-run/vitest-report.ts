import { z } from 'zod';

/** What a run of tests amounts to. */
export interface Tally {
  passed: number;
  failed: number;
  /** One line for each failure. */
  failures: string[];
}

/** The parts of vitest's JSON report that count (its format is Jest's). */
const reportSchema = z.looseObject({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  success: z.boolean(),
  testResults: z.array(
    z.looseObject({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(
        z.looseObject({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

/**
 * Counts a report's tests. A file that could not be loaded or whose hooks failed has no failed test of its own and
 * counts as one failure; so does a run that is not a success for any other reason, such as an unhandled error.
 */
export function tallyReport(json: string): Tally {
  const report = reportSchema.parse(JSON.parse(json));
  const failures = report.testResults.flatMap((file) => {
    const failed = file.assertionResults.filter((test) => test.status === 'failed');
    if (failed.length > 0)
      return failed.map((test) => `${test.fullName}: ${firstLine(test.failureMessages?.[0])}`);
    return file.status === 'failed' ? [`${file.name}: ${firstLine(file.message)}`] : [];
  });
  if (failures.length === 0 && !report.success) failures.push('vitest itself reported a failure');
  return { passed: report.numPassedTests, failed: failures.length, failures };
}

function firstLine(text: string | undefined): string {
  return text?.trim().split('\n')[0] ?? 'no message';
}
