import { isFinal } from '../../contract/podmigration.ts';
import type { MigrationView } from '../../contract/rest-views.ts';
import { routeOf, stateOf } from './outcome.ts';
import { milliseconds } from './readable.ts';

/** The state of each migration when it was last looked at, by uid. */
export type Seen = ReadonlyMap<string, string>;

/** What to tell people who do not look at the screen: the ends of migrations that were under way before. */
export function news(seen: Seen, migrations: readonly MigrationView[]): { texts: string[]; seen: Seen } {
  const texts = migrations
    .filter(({ metadata, spec, status }) => {
      const before = seen.get(metadata.uid);
      return !spec.dryRun && before !== undefined && before !== status.state && isFinal(status.state);
    })
    .map(endText);
  return { texts, seen: new Map(migrations.map((one) => [one.metadata.uid, stateOf(one)])) };
}

/** How a migration ended, in a sentence. */
export function endText(migration: MigrationView): string {
  const { metadata, spec, status } = migration;
  const { subject, to } = routeOf(migration);
  if (status.state === 'Failed')
    return `${metadata.name} failed: ${status.error?.message ?? 'no reason given'}`;
  const frozen = status.freezeMs === undefined ? '' : `, frozen for ${milliseconds(status.freezeMs)}`;
  if (spec.action === 'live-migration') return `${subject} moved to ${to}${frozen}`;
  if (spec.action === 'checkpoint') return `${subject} saved to ${to}${frozen}`;
  return `${metadata.name} restored ${status.restoredPods?.join(', ') ?? ''}`.trim();
}
