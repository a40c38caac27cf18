import { useNow, useSigned } from '../context.tsx';

/** Says so when what is shown may be out of date. */
export function ConnectionBanner() {
  const { connection } = useSigned();
  if (connection.state === 'lost') return <Lost why={connection.why} retryAt={connection.retryAt} />;
  if (connection.state === 'refused' && connection.status === 403)
    return (
      <p class="banner banner--bad" role="alert">
        You may not watch this cluster: {connection.why}
      </p>
    );
  return null;
}

function Lost({ why, retryAt }: { why: string; retryAt: number }) {
  const { lab } = useSigned();
  const seconds = Math.max(0, Math.ceil((retryAt + lab.clockAhead - useNow(500)) / 1000));
  return (
    <div class="banner banner--careful">
      <span role="alert">Connection lost: {why}. What you see may be out of date.</span>
      <span class="numeric">{seconds > 0 ? `Trying again in ${seconds} s` : 'Trying again…'}</span>
      <button type="button" class="button button--small" onClick={() => dispatchEvent(new Event('online'))}>
        Try now
      </button>
    </div>
  );
}
