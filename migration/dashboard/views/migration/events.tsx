import { useEffect, useState } from 'preact/hooks';
import { restRoutes } from '../../../contract/rest.ts';
import type { EventView, MigrationView } from '../../../contract/rest-views.ts';
import { messageOf } from '../../api/problem-error.ts';
import { useNow, useSigned } from '../../context.tsx';
import { ago } from '../../models/readable.ts';
import { Loading } from '../../parts/notice.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { TitledPanel } from '../../parts/titled-panel.tsx';

/** Events reach the API server a moment after the object, so that they are asked for once more, after this time in ms. */
const AGAIN_MS = 1500;

/** What was told about the migration and its pods; asked for anew whenever its state changes. */
export function Events({ of: { metadata, status } }: { of: MigrationView }) {
  const { client } = useSigned();
  const { namespace, name } = metadata;
  const [events, setEvents] = useState<readonly EventView[]>();
  const [error, setError] = useState<string>();
  useEffect(() => {
    let isCurrent = true;
    const ask = () =>
      client.ask(restRoutes.listMigrationEvents, { params: { namespace, name } }).then(
        ({ items }) => {
          if (!isCurrent) return;
          setEvents(items);
          setError(undefined);
        },
        (reason) => {
          if (isCurrent) setError(messageOf(reason));
        },
      );
    void ask();
    const again = setTimeout(ask, AGAIN_MS);
    return () => {
      isCurrent = false;
      clearTimeout(again);
    };
  }, [client, namespace, name, status.state]);
  return (
    <TitledPanel id="events" title="Events">
      {error !== undefined && <p class="panel__body quiet">{error}</p>}
      {events === undefined && error === undefined && <Loading what="events" />}
      {events?.length === 0 && (
        <p class="panel__body quiet">None, or they are so old that the cluster forgot them.</p>
      )}
      {events !== undefined && events.length > 0 && <Told events={events} />}
    </TitledPanel>
  );
}

const COLUMNS: readonly Column[] = [
  { title: 'Event' },
  { title: 'About', isOnlyWide: true },
  { title: 'When', isNumber: true },
];

function Told({ events }: { events: readonly EventView[] }) {
  const now = useNow(5000);
  return (
    <Table columns={COLUMNS}>
      {events.map(({ time, type, reason, note, count, regarding }, index) => (
        <tr key={`${time} ${reason} ${index}`}>
          <th scope="row">
            <span class={type === 'Warning' ? 'table__warning' : ''}>{reason}</span>
            {count > 1 && <span class="quiet"> {count}×</span>}
            <div class="table__under table__note">{note}</div>
            <div class="table__under only-narrow">
              {regarding.kind} {regarding.name}
            </div>
          </th>
          <td class="quiet small only-wide">
            {regarding.kind} {regarding.name}
          </td>
          <td class="table__number quiet small">{time !== undefined && ago(Date.parse(time), now)}</td>
        </tr>
      ))}
    </Table>
  );
}
