import { useEffect, useState } from 'preact/hooks';
import { restRoutes } from '../../../contract/rest.ts';
import type { DryRunResult, NodeView, PodView } from '../../../contract/rest-views.ts';
import { messageOf } from '../../api/problem-error.ts';
import { useSigned } from '../../context.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { DryRunReport } from '../../parts/dry-run-report.tsx';

interface MoveDialogProps {
  pod: PodView;
  node: NodeView;
  onClose: () => void;
}

/** Between the drop and the move: can this pod go there? Moves it on a second word. */
export function MoveDialog({ pod, node, onClose }: MoveDialogProps) {
  const { client, announce } = useSigned();
  const { namespace, name: sourcePod } = pod;
  const [result, setResult] = useState<DryRunResult>();
  const [error, setError] = useState<string>();
  const [isMoving, setMoving] = useState(false);

  useEffect(() => {
    const body = { sourcePod, destHost: node.hostname };
    client.ask(restRoutes.dryRun, { params: { namespace }, body }).then(setResult, (reason) => {
      setError(messageOf(reason));
    });
  }, []);
  const move = async () => {
    setMoving(true);
    try {
      const spec = { action: 'live-migration', sourcePod, destHost: node.hostname };
      await client.ask(restRoutes.createMigration, { params: { namespace }, body: { spec } });
      announce(`${sourcePod} begins to move to ${node.name}`);
      onClose();
    } catch (reason) {
      setError(messageOf(reason));
      setMoving(false);
    }
  };
  return (
    <Dialog title={`Move ${sourcePod} to ${node.name}?`} onClose={onClose}>
      <DryRunReport result={result} error={error} />
      <div class="dialog__end">
        <button type="button" class="button" onClick={onClose}>
          {result && !result.movable ? 'Close' : 'Cancel'}
        </button>
        {!(result && !result.movable) && (
          <button
            type="button"
            class="button button--primary"
            disabled={result === undefined || isMoving}
            ref={(button) => {
              if (result?.movable && !isMoving) button?.focus();
            }}
            onClick={move}
          >
            Move
          </button>
        )}
      </div>
    </Dialog>
  );
}
