import type { StatusError } from '../../contract/podmigration.ts';
import type { MigrationView } from '../../contract/rest-views.ts';
import { failures } from '../../contract/verdict.ts';

/** Why a migration failed, in the words of whoever failed, and what can be done about it. */
export function Failure({ of: { status }, error }: { of: MigrationView; error: StatusError }) {
  const wasRefused = error.step === 'validate';
  const untouched = status.moveStartedAt === undefined;
  return (
    <section class="panel panel--bad" aria-labelledby="failure">
      <div class="panel__head">
        <h2 id="failure">{wasRefused ? 'Refused' : `Failed in step ${error.step}`}</h2>
        <span class="quiet small">{untouched ? 'the pod was never touched' : 'the source pod goes on'}</span>
      </div>
      <div class="panel__body failure">
        <p>{error.message}</p>
        {error.criuLog.length > 0 && (
          <>
            <p class="quiet small">CRIU says:</p>
            <pre class="log">{error.criuLog.join('\n')}</pre>
          </>
        )}
        {!(wasRefused && failures(status.checks ?? []).length > 0) && <EvidenceHint />}
      </div>
    </section>
  );
}

function EvidenceHint() {
  return (
    <p class="quiet small">
      <code>./podferry evidence DIR</code> collects the journals of both agents, CRIU’s whole logs, events and
      objects in one archive without secrets.
    </p>
  );
}
