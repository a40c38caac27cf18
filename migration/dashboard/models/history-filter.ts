import { type MigrationAction, migrationAction } from '../../contract/podmigration.ts';
import type { MigrationView } from '../../contract/rest-views.ts';
import { createdAt, OUTCOMES, type Outcome, outcomeOf, routeOf } from './outcome.ts';

/** Which migrations of the history are shown. An absent part lets all through. */
export interface HistoryFilter {
  namespace?: string;
  action?: MigrationAction;
  outcome?: Outcome;
  /** Words, all of which must be found in names, pods, nodes or the reason of a failure. */
  text?: string;
}

/** The filter in an address's query; whatever it cannot mean is left out. */
export function filterFromQuery(query: URLSearchParams): HistoryFilter {
  const namespace = query.get('namespace');
  const text = query.get('text');
  const action = migrationAction.safeParse(query.get('action')).data;
  const outcome = OUTCOMES.find((known) => known === query.get('outcome'));
  return {
    ...(namespace ? { namespace } : {}),
    ...(action ? { action } : {}),
    ...(outcome ? { outcome } : {}),
    ...(text ? { text } : {}),
  };
}

export function filterToQuery(filter: HistoryFilter): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) if (value) query.set(name, value);
  return query;
}

/** Those that the filter lets through, the youngest first. A dry run is no migration. */
export function history(migrations: Iterable<MigrationView>, filter: HistoryFilter): MigrationView[] {
  const words = (filter.text ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  return [...migrations]
    .filter(
      (migration) =>
        !migration.spec.dryRun &&
        (!filter.namespace || migration.metadata.namespace === filter.namespace) &&
        (!filter.action || migration.spec.action === filter.action) &&
        (!filter.outcome || outcomeOf(migration) === filter.outcome) &&
        hasWords(migration, words),
    )
    .sort((a, b) => createdAt(b) - createdAt(a) || (a.metadata.name < b.metadata.name ? -1 : 1));
}

function hasWords(migration: MigrationView, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const { metadata, spec, status } = migration;
  const { subject, from, to } = routeOf(migration);
  const text = [metadata.name, subject, from, to, status.targetPod, spec.snapshotPath, status.error?.message]
    .join('\n')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}
