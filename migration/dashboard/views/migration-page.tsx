import type { MigrationView } from '../../contract/rest-views.ts';
import { useNow, useSigned } from '../context.tsx';
import { outcomeOf } from '../models/outcome.ts';
import { timelineOf } from '../models/timeline.ts';
import { StateBadge } from '../parts/badge.tsx';
import { CancelButton } from '../parts/cancel-button.tsx';
import { ChecksList } from '../parts/checks-list.tsx';
import { Failure } from '../parts/failure.tsx';
import { Loading, Notice } from '../parts/notice.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { TimelinePanel } from '../parts/timeline-chart.tsx';
import { TitledPanel } from '../parts/titled-panel.tsx';
import { hrefOf } from '../routes.ts';
import { Conditions } from './migration/conditions.tsx';
import { Events } from './migration/events.tsx';
import { Facts } from './migration/facts.tsx';
import { RestoredPods } from './migration/restored-pods.tsx';

/** Everything about one migration. */
export function MigrationPage({ namespace, name }: { namespace: string; name: string }) {
  const { lab } = useSigned();
  const migration = lab.migration(namespace, name);
  if (migration !== undefined) return <Shown migration={migration} />;
  return (
    <section class="panel">
      {lab.isComplete ? (
        <Notice isPage title={`There is no migration ${name} in ${namespace}`}>
          <p>It was cancelled or removed, or you may not see it.</p>
          <a href={hrefOf({ page: 'migrations', filter: {} })}>All migrations</a>
        </Notice>
      ) : (
        <Loading what={name} />
      )}
    </section>
  );
}

function Shown({ migration }: { migration: MigrationView }) {
  const { metadata, spec, status } = migration;
  const now = useNow(outcomeOf(migration) === 'active' ? 100 : 30_000);
  const timeline = timelineOf(status, now);
  return (
    <>
      <PageHead
        title={metadata.name}
        beside={
          <>
            <StateBadge of={migration} />
            <span class="quiet">
              {spec.action} in {metadata.namespace}
              {migration.requestedBy && `, asked for by ${migration.requestedBy}`}
            </span>
          </>
        }
      >
        <CancelButton of={migration} />
      </PageHead>
      {status.error && <Failure of={migration} error={status.error} />}
      <Facts of={migration} />
      <TimelinePanel
        timeline={timeline}
        otherwise={status.queuedBehind ?? 'There are no phases: nothing was touched.'}
      />
      <RestoredPods of={migration} />
      {status.checks && status.checks.length > 0 && (
        <TitledPanel id="checks" title="Checks">
          <div class="panel__body">
            <ChecksList checks={status.checks} />
          </div>
        </TitledPanel>
      )}
      <Conditions conditions={status.conditions ?? []} />
      <Events of={migration} />
      <section class="panel">
        <div class="panel__body">
          <details>
            <summary>The object</summary>
            <pre class="log">{JSON.stringify(migration, null, 2)}</pre>
          </details>
        </div>
      </section>
    </>
  );
}
