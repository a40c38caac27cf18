import type { Column } from '../../models/board.ts';
import type { PickedUp } from '../../models/pick-up.ts';
import { count } from '../../models/readable.ts';
import type { BoardActions } from './board.tsx';
import { PodCard } from './pod-card.tsx';

interface NodeColumnProps {
  column: Column;
  picked: PickedUp | undefined;
  isDragged: boolean;
  actions: BoardActions;
}

/** One node: where a pod can be dropped. */
export function NodeColumn({ column: { node, cards, hidden }, picked, isDragged, actions }: NodeColumnProps) {
  const place = picked?.destinations.findIndex(({ uid }) => uid === node.uid) ?? -1;
  const isPossible = place >= 0;
  const isChosen = isPossible && picked?.chosen === place;
  const heading = `node-${node.name}`;
  const over = (event: DragEvent) => {
    if (!isPossible) return;
    event.preventDefault();
    if (!isChosen) actions.onOver(node);
  };
  const leave = (event: DragEvent & { currentTarget: HTMLElement }) => {
    const to = event.relatedTarget;
    if (isChosen && !(to instanceof Node && event.currentTarget.contains(to))) actions.onOver(undefined);
  };
  const drop = (event: DragEvent) => {
    if (!isPossible) return;
    event.preventDefault();
    actions.onDrop(node);
  };
  return (
    <section
      class={`column ${isPossible ? 'column--possible' : ''} ${isChosen ? 'column--chosen' : ''}`}
      aria-labelledby={heading}
      data-node={node.name}
      onDragEnter={over}
      onDragOver={over}
      onDragLeave={leave}
      onDrop={drop}
    >
      <div class="column__head">
        <h2 id={heading}>{node.name}</h2>
        {node.controlPlane && <span class="chip">control plane</span>}
        {!node.ready && <span class="badge badge--bad">Not ready</span>}
        {!node.schedulable && <span class="badge badge--careful">Cordoned</span>}
        <span class="column__count">
          {count(cards.length, 'pod')}
          {hidden > 0 && `, ${hidden} hidden`}
        </span>
      </div>
      {isPossible && !isDragged && (
        <button
          type="button"
          class={`button column__drop ${isChosen ? 'button--primary' : ''}`}
          onClick={() => actions.onDrop(node)}
        >
          Move {picked?.pod.name} here
        </button>
      )}
      {cards.length === 0 ? (
        <p class="column__empty">{hidden > 0 ? 'All pods here are hidden by the filter.' : 'No pods'}</p>
      ) : (
        <ul class="column__pods">
          {cards.map((card) => (
            <PodCard
              key={card.pod.uid}
              card={card}
              isPicked={picked?.pod.uid === card.pod.uid}
              actions={actions}
            />
          ))}
        </ul>
      )}
    </section>
  );
}
