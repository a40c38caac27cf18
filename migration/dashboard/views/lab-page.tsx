import { useState } from 'preact/hooks';
import { useSigned } from '../context.tsx';
import { type BoardFilter, board } from '../models/board.ts';
import { Loading, Notice } from '../parts/notice.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Board } from './lab/board.tsx';
import { UnderWay } from './lab/under-way.tsx';

/** Nodes with their pods, and what is being moved. */
export function LabPage() {
  const { lab, session } = useSigned();
  const [filter, setFilter] = useState<BoardFilter>({ system: false });
  const columns = board(lab.nodes, lab.pods, lab.migrations, filter);
  return (
    <>
      <PageHead title="Lab">
        <label class="switch">
          <span>Namespace</span>
          <select
            class="input input--inline"
            value={filter.namespace ?? ''}
            onChange={(event) => setFilter({ ...filter, namespace: event.currentTarget.value })}
          >
            <option value="">all</option>
            {session.namespaces.map(({ namespace }) => (
              <option key={namespace}>{namespace}</option>
            ))}
          </select>
        </label>
        <label class="switch">
          <input
            type="checkbox"
            checked={filter.system}
            onChange={(event) => setFilter({ ...filter, system: event.currentTarget.checked })}
          />
          System pods
        </label>
      </PageHead>
      <UnderWay />
      {lab.isComplete ? (
        <Board columns={columns} />
      ) : (
        <section class="panel">
          <Loading what="nodes and pods" />
        </section>
      )}
      {lab.isComplete && columns.length === 0 && <NoNodes mayList={session.nodes.list} />}
    </>
  );
}

function NoNodes({ mayList }: { mayList: boolean }) {
  return (
    <section class="panel">
      {mayList ? (
        <Notice title="No node has joined yet" />
      ) : (
        <Notice title="You may not list nodes">
          <p>
            Without them there is no board. Migrations and checkpoints of your namespaces are on the other
            pages; a role that lists nodes shows them here.
          </p>
        </Notice>
      )}
    </section>
  );
}
