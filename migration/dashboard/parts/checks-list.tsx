import type { CheckResult } from '../../contract/agent-api.ts';
import { count } from '../models/readable.ts';
import { Icon } from './icons.tsx';

/** What was looked at before a move: what speaks against it in full, the rest on demand. */
export function ChecksList({ checks }: { checks: readonly CheckResult[] }) {
  const loud = checks.filter(({ status }) => status === 'failed' || status === 'warning');
  const calm = checks.filter((check) => !loud.includes(check));
  return (
    <>
      {loud.length > 0 && <Checks checks={loud} />}
      {calm.length > 0 && (
        <details>
          <summary>
            {loud.length === 0
              ? `${count(calm.length, 'check')} passed`
              : `${count(calm.length, 'other check')} passed`}
          </summary>
          <Checks checks={calm} />
        </details>
      )}
    </>
  );
}

function Checks({ checks }: { checks: readonly CheckResult[] }) {
  return (
    <ul class="checks">
      {checks.map(({ name, status, message }) => (
        <li key={name} class={`check check--${status}`}>
          <span class="check__mark">
            <Icon name={status} />
          </span>
          <span class="check__name">
            {name}
            <span class="unseen"> {status}</span>
          </span>
          <span class="check__message">{message}</span>
        </li>
      ))}
    </ul>
  );
}
