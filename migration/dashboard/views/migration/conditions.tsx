import type { StatusCondition } from '../../../contract/podmigration.ts';
import { useNow } from '../../context.tsx';
import { ago } from '../../models/readable.ts';
import { type Column, Table } from '../../parts/table.tsx';
import { TitledPanel } from '../../parts/titled-panel.tsx';

const COLUMNS: readonly Column[] = [
  { title: 'Condition' },
  { title: 'Reason' },
  { title: 'Message', isOnlyWide: true },
  { title: 'Since', isNumber: true },
];

/** The object's conditions, as programs wait for them. */
export function Conditions({ conditions }: { conditions: readonly StatusCondition[] }) {
  const now = useNow(5000);
  if (conditions.length === 0) return null;
  return (
    <TitledPanel id="conditions" title="Conditions">
      <Table columns={COLUMNS}>
        {conditions.map(({ type, status, reason, message, lastTransitionTime }) => (
          <tr key={type}>
            <th scope="row">
              {type} <span class="quiet">{status}</span>
            </th>
            <td>
              {reason}
              <div class="table__under only-narrow">{message}</div>
            </td>
            <td class="only-wide">{message}</td>
            <td class="table__number quiet small">{ago(Date.parse(lastTransitionTime), now)}</td>
          </tr>
        ))}
      </Table>
    </TitledPanel>
  );
}
