import type { StatusCondition } from '../../../contract/podmigration.ts';
import { useNow } from '../../context.tsx';
import { ago } from '../../models/readable.ts';

/** The object's conditions, as programs wait for them. */
export function Conditions({ conditions }: { conditions: readonly StatusCondition[] }) {
  const now = useNow(5000);
  if (conditions.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="conditions">
      <div class="panel__head">
        <h2 id="conditions">Conditions</h2>
      </div>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Condition</th>
            <th scope="col">Reason</th>
            <th scope="col" class="only-wide">
              Message
            </th>
            <th scope="col" class="table__number">
              Since
            </th>
          </tr>
        </thead>
        <tbody>
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
        </tbody>
      </table>
    </section>
  );
}
