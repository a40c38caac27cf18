import { migrationAction } from '../../contract/podmigration.ts';
import type { MigrationView } from '../../contract/rest-views.ts';
import { useNow, useSigned } from '../context.tsx';
import { type HistoryFilter, history } from '../models/history-filter.ts';
import { createdAt, OUTCOMES, routeOf } from '../models/outcome.ts';
import { ago, milliseconds } from '../models/readable.ts';
import { StateBadge } from '../parts/badge.tsx';
import { ListHead } from '../parts/list-head.tsx';
import { Loading, Notice } from '../parts/notice.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Way } from '../parts/way.tsx';
import { hrefOf } from '../routes.ts';

/** So many are drawn; the rest is found with the filter. */
const SHOWN = 200;

/** All migrations, the youngest first, filtered by what the address says. */
export function MigrationsPage({ filter }: { filter: HistoryFilter }) {
  const { lab } = useSigned();
  const found = history(lab.migrations, filter);
  return (
    <>
      <ListHead title="Migrations" found={found.length} what="migration">
        <a class="button button--primary" href={hrefOf({ page: 'new', fields: {} })}>
          New migration
        </a>
      </ListHead>
      <section class="panel" aria-label="History">
        <Filters filter={filter} />
        <Found found={found} filter={filter} />
      </section>
    </>
  );
}

function Found({ found, filter }: { found: readonly MigrationView[]; filter: HistoryFilter }) {
  const { lab } = useSigned();
  if (found.length > 0) return <Migrations migrations={found} />;
  if (!lab.isComplete) return <Loading what="migrations" />;
  if (Object.keys(filter).length > 0)
    return (
      <Notice title="Nothing is like that">
        <a href={hrefOf({ page: 'migrations', filter: {} })}>Show all migrations</a>
      </Notice>
    );
  return (
    <Notice title="Nothing was moved yet">
      <p>
        Drag a pod to another node on the <a href={hrefOf({ page: 'lab' })}>lab</a>, or say it here:
      </p>
      <code>kubectl migrate POD NODE</code>
    </Notice>
  );
}

function Filters({ filter }: { filter: HistoryFilter }) {
  const { session } = useSigned();
  const change = (name: keyof HistoryFilter, value: string) => {
    const { [name]: _, ...others } = filter;
    const next = (value === '' ? others : { ...others, [name]: value }) as HistoryFilter;
    // Typing leaves no trail of addresses to go back through.
    location.replace(hrefOf({ page: 'migrations', filter: next }));
  };
  const choice = (name: keyof HistoryFilter, label: string, all: string, values: readonly string[]) => (
    <select
      class="input"
      aria-label={label}
      value={filter[name] ?? ''}
      onChange={(event) => change(name, event.currentTarget.value)}
    >
      <option value="">{all}</option>
      {values.map((value) => (
        <option key={value}>{value}</option>
      ))}
    </select>
  );
  const namespaces = session.namespaces.map(({ namespace }) => namespace);
  return (
    <search class="filters">
      <input
        class="input"
        type="search"
        placeholder="Name, pod, node, reason…"
        aria-label="Text"
        value={filter.text ?? ''}
        onInput={(event) => change('text', event.currentTarget.value)}
      />
      {choice('namespace', 'Namespace', 'Every namespace', namespaces)}
      {choice('action', 'Action', 'Every action', migrationAction.options)}
      {choice('outcome', 'Outcome', 'Every outcome', OUTCOMES)}
    </search>
  );
}

const COLUMNS: readonly Column[] = [
  { title: 'Migration' },
  { title: 'State' },
  { title: 'Pod', isOnlyWide: true },
  { title: 'From, to', isOnlyWide: true },
  { title: 'Freeze', isNumber: true, isOnlyWide: true },
  { title: 'Total', isNumber: true, isOnlyWide: true },
  { title: 'Asked for', isNumber: true, isOnlyWide: true },
];

function Migrations({ migrations }: { migrations: readonly MigrationView[] }) {
  const now = useNow(5000);
  const more = migrations.length - SHOWN;
  return (
    <>
      <Table columns={COLUMNS}>
        {migrations.slice(0, SHOWN).map((one) => (
          <Row key={one.metadata.uid} migration={one} now={now} />
        ))}
      </Table>
      {more > 0 && <p class="panel__body quiet small">{more} older ones: look for them with the filter.</p>}
    </>
  );
}

function Row({ migration, now }: { migration: MigrationView; now: number }) {
  const { metadata, spec, status } = migration;
  const { subject } = routeOf(migration);
  const time = (ms: number | undefined) => (ms === undefined ? '' : milliseconds(ms));
  return (
    <tr>
      <th scope="row">
        <a href={hrefOf({ page: 'migration', ...metadata })}>{metadata.name}</a>
        <div class="table__under">
          {metadata.namespace} · {spec.action}
        </div>
        <div class="table__under only-narrow">
          {subject}
          <div>
            <Way of={migration} />
          </div>
        </div>
        {status.error && <div class="table__reason">{status.error.message}</div>}
      </th>
      <td>
        <StateBadge of={migration} />
        <div class="table__under only-narrow">
          {status.freezeMs !== undefined && <span class="frozen">{time(status.freezeMs)} frozen</span>}
          <div>{ago(createdAt(migration), now)}</div>
        </div>
      </td>
      <td class="only-wide">{subject}</td>
      <td class="only-wide">
        <Way of={migration} />
      </td>
      <td class="table__number numeric only-wide frozen">{time(status.freezeMs)}</td>
      <td class="table__number numeric only-wide">{time(status.totalMs)}</td>
      <td class="table__number quiet small only-wide">{ago(createdAt(migration), now)}</td>
    </tr>
  );
}
