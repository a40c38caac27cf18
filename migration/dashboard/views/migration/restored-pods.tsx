import type { MigrationView } from '../../../contract/rest-views.ts';
import { milliseconds } from '../../models/readable.ts';

const TONES = { Creating: 'busy', Restored: 'good', Failed: 'bad' } as const;

/** The pods that a restore made. */
export function RestoredPods({ of: { status } }: { of: MigrationView }) {
  const replicas = status.replicas ?? [];
  if (replicas.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="replicas">
      <div class="panel__head">
        <h2 id="replicas">Pods</h2>
      </div>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Pod</th>
            <th scope="col">State</th>
            <th scope="col">Node</th>
            <th scope="col" class="table__number">
              Restore
            </th>
          </tr>
        </thead>
        <tbody>
          {replicas.map(({ name, state, node, restoreMs }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <span class={`badge badge--${TONES[state]}`}>{state}</span>
              </td>
              <td>{node}</td>
              <td class="table__number numeric">{restoreMs !== undefined && milliseconds(restoreMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
