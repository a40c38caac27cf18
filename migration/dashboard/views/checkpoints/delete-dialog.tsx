import { useState } from 'preact/hooks';
import { restRoutes } from '../../../contract/rest.ts';
import type { CheckpointView } from '../../../contract/rest-views.ts';
import { messageOf } from '../../api/problem-error.ts';
import { useSigned } from '../../context.tsx';
import { bytes } from '../../models/readable.ts';
import { Dialog } from '../../parts/dialog.tsx';

interface DeleteDialogProps {
  checkpoint: CheckpointView;
  onClose: () => void;
}

/** Asks before a checkpoint is removed: nothing brings it back. */
export function DeleteDialog({ checkpoint: { metadata, spec, status }, onClose }: DeleteDialogProps) {
  const { client, announce } = useSigned();
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const { namespace, name, uid } = metadata;
  const remove = async () => {
    setBusy(true);
    try {
      await client.ask(restRoutes.deleteCheckpoint, { params: { namespace, name }, query: { uid } });
      announce(`The checkpoint ${name} is being removed`);
      onClose();
    } catch (reason) {
      setError(messageOf(reason));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Remove the checkpoint of ${spec.pod}?`} onClose={onClose}>
      <p>
        <code>{status.path ?? spec.path}</code>
        {status.bytes !== undefined && `, ${bytes(status.bytes)},`} is removed from the store for good. Pods
        that were restored from it go on.
      </p>
      {error && (
        <p class="banner banner--bad" role="alert">
          {error}
        </p>
      )}
      <div class="dialog__end">
        <button type="button" class="button" onClick={onClose}>
          Keep it
        </button>
        <button type="button" class="button button--danger" disabled={isBusy} onClick={remove}>
          Remove
        </button>
      </div>
    </Dialog>
  );
}
