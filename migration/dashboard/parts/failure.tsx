import type { StatusError } from '../../contract/podmigration.ts';
import type { MigrationView } from '../../contract/rest-views.ts';
import { failures } from '../../contract/verdict.ts';
import { TitledPanel } from './titled-panel.tsx';

/** Why a migration failed, in the words of whoever failed, and what can be done about it. */
export function Failure({ of: { status }, error }: { of: MigrationView; error: StatusError }) {
  const wasRefused = error.step === 'validate';
  const untouched = status.moveStartedAt === undefined;
  return (
    <TitledPanel
      id="failure"
      isBad
      title={wasRefused ? 'Refused' : `Failed in step ${error.step}`}
      beside={
        <span class="quiet small">{untouched ? 'the pod was never touched' : 'the source pod goes on'}</span>
      }
    >
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
    </TitledPanel>
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
