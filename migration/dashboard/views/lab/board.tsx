import { useRef, useState } from 'preact/hooks';
import type { NodeView, PodView } from '../../../contract/rest-views.ts';
import { useSigned } from '../../context.tsx';
import { type Column, destinations } from '../../models/board.ts';
import { type KeyAnswer, type PickedUp, pickUp, pressed } from '../../models/pick-up.ts';
import { MoveDialog } from './move-dialog.tsx';
import { NodeColumn } from './node-column.tsx';

/** What the cards and columns of the board tell it. */
export interface BoardActions {
  /** A pod's own button was pressed: it is picked up, or put back. */
  onGrip: (pod: PodView) => void;
  onKey: (event: KeyboardEvent) => void;
  /** A pod is being dragged; undefined: no more. */
  onDrag: (pod: PodView | undefined) => void;
  onDrop: (node: NodeView) => void;
  /** Something is dragged over a column, or leaves it. */
  onOver: (node: NodeView | undefined) => void;
}

interface Move {
  pod: PodView;
  node: NodeView;
}

/**
 * Nodes with their pods. A pod is dragged to another node, or picked up with its button and dropped with the arrow keys or
 * with the button that every other node then has, which is also the way by touch.
 */
export function Board({ columns }: { columns: readonly Column[] }) {
  const { announce } = useSigned();
  const [picked, setPicked] = useState<PickedUp>();
  const [isDragged, setDragged] = useState(false);
  const [move, setMove] = useState<Move>();
  const board = useRef<HTMLDivElement>(null);

  const obey = ({ picked: next, droppedOn, said }: KeyAnswer) => {
    if (droppedOn && picked) setMove({ pod: picked.pod, node: droppedOn });
    setPicked(next);
    announce(said);
  };
  const choose = (node: NodeView | undefined) => {
    if (!picked) return;
    setPicked({ ...picked, chosen: picked.destinations.findIndex(({ uid }) => uid === node?.uid) });
  };
  const actions: BoardActions = {
    onGrip: (pod) => {
      if (picked?.pod.uid === pod.uid)
        obey({ picked: undefined, said: `${pod.name} put back on ${pod.node}.` });
      else obey(pickUp(pod, destinations(columns, pod)));
    },
    onKey: (event) => {
      const answer = picked && pressed(event.key, picked);
      if (answer === undefined) return;
      event.preventDefault();
      obey(answer);
    },
    onDrag: (pod) => {
      setDragged(pod !== undefined);
      setPicked(pod && pickUp(pod, destinations(columns, pod)).picked);
    },
    onDrop: (node) => {
      if (!picked) return;
      setDragged(false);
      obey({ picked: undefined, droppedOn: node, said: `${picked.pod.name} dropped on ${node.name}.` });
    },
    onOver: choose,
  };
  return (
    <>
      <p class="unseen" id="how-to-move">
        Space or Enter picks the pod up to move it to another node.
      </p>
      <div class="board" ref={board}>
        {columns.map((column) => (
          <NodeColumn
            key={column.node.uid}
            column={column}
            picked={picked}
            isDragged={isDragged}
            actions={actions}
          />
        ))}
      </div>
      {move && <MoveDialog pod={move.pod} node={move.node} onClose={() => setMove(undefined)} />}
    </>
  );
}
