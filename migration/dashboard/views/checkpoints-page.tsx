import { useState } from 'preact/hooks';
import type { CheckpointView } from '../../contract/rest-views.ts';
import { useNow, useSigned } from '../context.tsx';
import { ago, bytes } from '../models/readable.ts';
import { ListHead } from '../parts/list-head.tsx';
import { Loading, Notice } from '../parts/notice.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { hrefOf } from '../routes.ts';
import { DeleteDialog } from './checkpoints/delete-dialog.tsx';

/** What is kept on the store. */
export function CheckpointsPage() {
  const { lab } = useSigned();
  const checkpoints = [...lab.checkpoints].sort(
    (a, b) => Date.parse(b.spec.createdAt) - Date.parse(a.spec.createdAt),
  );
  return (
    <>
      <ListHead title="Checkpoints" found={checkpoints.length} what="checkpoint">
        <a class="button button--primary" href={hrefOf({ page: 'new', fields: { action: 'checkpoint' } })}>
          Checkpoint a pod
        </a>
      </ListHead>
      <section class="panel" aria-label="Checkpoints on the store">
        {checkpoints.length > 0 ? (
          <Checkpoints checkpoints={checkpoints} />
        ) : (
          <Empty isComplete={lab.isComplete} />
        )}
      </section>
    </>
  );
}

function Empty({ isComplete }: { isComplete: boolean }) {
  if (!isComplete) return <Loading what="checkpoints" />;
  return (
    <Notice title="Nothing is kept on the store">
      <p>A checkpoint is the saved state of a pod. It can be restored as often as you like, on any node.</p>
    </Notice>
  );
}

const COLUMNS: readonly Column[] = [
  { title: 'Checkpoint' },
  { title: 'State', isOnlyWide: true },
  { title: 'Directory', isOnlyWide: true },
  { title: 'Size', isNumber: true, isOnlyWide: true },
  { title: 'Saved', isNumber: true, isOnlyWide: true },
  { title: 'What to do with it', isUntitled: true },
];

function Checkpoints({ checkpoints }: { checkpoints: readonly CheckpointView[] }) {
  const now = useNow(5000);
  const [doomed, setDoomed] = useState<CheckpointView>();
  return (
    <>
      <Table columns={COLUMNS}>
        {checkpoints.map((one) => (
          <Row key={one.metadata.uid} checkpoint={one} now={now} onDelete={() => setDoomed(one)} />
        ))}
      </Table>
      {doomed && <DeleteDialog checkpoint={doomed} onClose={() => setDoomed(undefined)} />}
    </>
  );
}

interface RowProps {
  checkpoint: CheckpointView;
  now: number;
  onDelete: () => void;
}

function Row({ checkpoint, now, onDelete }: RowProps) {
  const { session } = useSigned();
  const { metadata, spec, status } = checkpoint;
  const { namespace, name } = metadata;
  const rights = session.namespaces.find((one) => one.namespace === namespace);
  const snapshotPath = status.path ?? spec.path;
  const size = status.bytes === undefined ? '' : bytes(status.bytes);
  const saved = ago(Date.parse(spec.createdAt), now);
  const fields = { action: 'restore', namespace, snapshotPath };
  return (
    <tr>
      <th scope="row">
        {spec.pod}
        <div class="table__under">
          {namespace} · from {spec.node}
        </div>
        <div class="table__under only-narrow">
          <code>{snapshotPath}</code>
          <br />
          {size} · {saved}
        </div>
        <div class="only-narrow">
          <CheckpointState status={status} />
        </div>
        {status.message && <div class="table__reason">{status.message}</div>}
      </th>
      <td class="only-wide">
        <CheckpointState status={status} />
      </td>
      <td class="only-wide">
        <code>{snapshotPath}</code>
      </td>
      <td class="table__number numeric only-wide">{size}</td>
      <td class="table__number quiet small only-wide">{saved}</td>
      <td>
        <div class="buttons buttons--end">
          {rights?.migrations.create && status.state !== 'Deleting' && (
            <a class="button button--small" href={hrefOf({ page: 'new', fields })}>
              Restore<span class="unseen"> {name}</span>
            </a>
          )}
          {rights?.checkpoints.delete && metadata.deletionTimestamp === undefined && (
            <button type="button" class="button button--small" onClick={onDelete}>
              Delete<span class="unseen"> {name}</span>
            </button>
          )}
        </div>
      </td>
    </tr>
  );
}

const TONES = { Ready: 'good', Damaged: 'bad', Deleting: 'careful' } as const;

function CheckpointState({ status: { state } }: { status: CheckpointView['status'] }) {
  return <span class={`badge ${state ? `badge--${TONES[state]}` : ''}`}>{state ?? 'New'}</span>;
}
