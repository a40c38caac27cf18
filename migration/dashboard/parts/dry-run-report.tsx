import type { DryRunResult } from '../../contract/rest-views.ts';
import { failures } from '../../contract/verdict.ts';
import { count } from '../models/readable.ts';
import { ChecksList } from './checks-list.tsx';

interface DryRunReportProps {
  /** Absent while it is awaited. */
  result: DryRunResult | undefined;
  /** Why there is no result. */
  error: string | undefined;
}

/** What a dry run says, while it is made and afterwards. */
export function DryRunReport({ result, error }: DryRunReportProps) {
  if (error !== undefined)
    return (
      <p class="banner banner--bad" role="alert">
        {error}
      </p>
    );
  if (result === undefined)
    return (
      <p class="way" role="status">
        <span class="spinner" />
        <span>Looking at the pod, its processes and both nodes…</span>
      </p>
    );
  return (
    <div>
      <p class={result.movable ? 'verdict verdict--good' : 'verdict verdict--bad'} role="status">
        {verdict(result)}
      </p>
      <ChecksList checks={result.checks} />
    </div>
  );
}

function verdict({ movable, message, checks }: DryRunResult): string {
  const failed = failures(checks).length;
  if (movable) return 'It can be moved.';
  return failed === 0
    ? message
    : `It cannot be moved: ${count(failed, 'check')} failed. Nothing was touched.`;
}
