import type { MigrationView } from '../../../contract/rest-views.ts';
import { useNow, useSigned } from '../../context.tsx';
import { createdAt, outcomeOf } from '../../models/outcome.ts';
import { milliseconds } from '../../models/readable.ts';
import { timelineOf } from '../../models/timeline.ts';
import { StateBadge } from '../../parts/badge.tsx';
import { CancelButton } from '../../parts/cancel-button.tsx';
import { TimelineStrip } from '../../parts/timeline-chart.tsx';
import { Way } from '../../parts/way.tsx';
import { hrefOf } from '../../routes.ts';

/** What has ended stays on the list for so long, in ms, so that its end is seen where its way was. */
const LINGER_MS = 60_000;

/** Migrations that are going on, and those that have just ended. */
export function UnderWay() {
  const { lab } = useSigned();
  const isBusy = lab.migrations.some((one) => outcomeOf(one) === 'active');
  const now = useNow(isBusy ? 100 : 2000);
  const shown = lab.migrations
    .filter((one) => !one.spec.dryRun && (outcomeOf(one) === 'active' || hasJustEnded(one, now)))
    .sort((a, b) => createdAt(b) - createdAt(a));
  if (shown.length === 0) return null;
  return (
    <section class="panel under-way" aria-labelledby="under-way">
      <h2 class="unseen" id="under-way">
        Under way, or just over
      </h2>
      {shown.map((one) => (
        <Item key={one.metadata.uid} migration={one} now={now} />
      ))}
    </section>
  );
}

function hasJustEnded({ status }: MigrationView, now: number): boolean {
  return status.finishedAt !== undefined && now - Date.parse(status.finishedAt) < LINGER_MS;
}

function Item({ migration, now }: { migration: MigrationView; now: number }) {
  const { metadata, status } = migration;
  const timeline = timelineOf(status, now);
  return (
    <div class="under-way__item">
      <div class="under-way__what">
        <StateBadge of={migration} />
        <a class="under-way__name" href={hrefOf({ page: 'migration', ...metadata })}>
          {status.sourcePod ?? migration.spec.sourcePod ?? metadata.name}
        </a>
        <Way of={migration} />
      </div>
      {timeline ? (
        <TimelineStrip timeline={timeline} />
      ) : (
        <span class="quiet small">{waitText(migration)}</span>
      )}
      <span class="under-way__times">
        <Times migration={migration} totalMs={timeline?.totalMs} />
      </span>
      {status.error && <p class="under-way__reason">{status.error.message}</p>}
    </div>
  );
}

function Times({ migration, totalMs }: { migration: MigrationView; totalMs: number | undefined }) {
  const { status } = migration;
  if (outcomeOf(migration) === 'active')
    return (
      <>
        {totalMs !== undefined && <span>{milliseconds(totalMs)}</span>}
        <CancelButton of={migration} small />
      </>
    );
  if (status.freezeMs === undefined)
    return <>{status.totalMs !== undefined && milliseconds(status.totalMs)}</>;
  return (
    <span>
      <span class="frozen">{milliseconds(status.freezeMs)} frozen</span> of{' '}
      {milliseconds(status.totalMs ?? 0)}
    </span>
  );
}

const waitText = ({ status }: MigrationView): string =>
  status.conditions?.find(({ type }) => type === 'Waiting')?.message ?? 'not begun yet';
