import type { MigrationView } from '../../../contract/rest-views.ts';
import { milliseconds } from '../../models/readable.ts';
import { type Column, Table } from '../../parts/table.tsx';
import { TitledPanel } from '../../parts/titled-panel.tsx';

const TONES = { Creating: 'busy', Restored: 'good', Failed: 'bad' } as const;

const COLUMNS: readonly Column[] = [
  { title: 'Pod' },
  { title: 'State' },
  { title: 'Node', isOnlyWide: true },
  { title: 'Restore', isNumber: true },
];

/** The pods that a restore made. */
export function RestoredPods({ of: { status } }: { of: MigrationView }) {
  const replicas = status.replicas ?? [];
  if (replicas.length === 0) return null;
  return (
    <TitledPanel id="replicas" title="Pods">
      <Table columns={COLUMNS}>
        {replicas.map(({ name, state, node, restoreMs }) => (
          <tr key={name}>
            <th scope="row">
              {name}
              <div class="table__under only-narrow">{node}</div>
            </th>
            <td>
              <span class={`badge badge--${TONES[state]}`}>{state}</span>
            </td>
            <td class="only-wide">{node}</td>
            <td class="table__number numeric">{restoreMs !== undefined && milliseconds(restoreMs)}</td>
          </tr>
        ))}
      </Table>
    </TitledPanel>
  );
}
