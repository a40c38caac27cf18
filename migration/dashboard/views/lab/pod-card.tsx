import type { PodView } from '../../../contract/rest-views.ts';
import type { Card, Part } from '../../models/board.ts';
import { routeOf } from '../../models/outcome.ts';
import { Icon } from '../../parts/icons.tsx';
import { hrefOf } from '../../routes.ts';
import type { BoardActions } from './board.tsx';

interface PodCardProps {
  card: Card;
  isPicked: boolean;
  actions: BoardActions;
}

/** One pod: can be dragged, or picked up with its button. */
export function PodCard({ card: { pod, part, migration }, isPicked, actions }: PodCardProps) {
  const to = migration && routeOf(migration).to;
  const kind = part === undefined ? '' : `pod--${part}`;
  return (
    <li class={`pod ${kind} ${isPicked ? 'pod--picked' : ''}`} data-pod={`${pod.namespace}/${pod.name}`}>
      <button
        type="button"
        class="pod__grip"
        draggable
        aria-pressed={isPicked}
        aria-describedby="how-to-move"
        onClick={() => actions.onGrip(pod)}
        onKeyDown={(event) => isPicked && actions.onKey(event)}
        onDragStart={(event) => {
          event.dataTransfer?.setData('text/plain', pod.name);
          actions.onDrag(pod);
        }}
        onDragEnd={() => actions.onDrag(undefined)}
      >
        <span class={`pod__state pod__state--${toneOf(pod)}`} />
        <span class="pod__name">{pod.name}</span>
        <span class="pod__about">
          {pod.namespace} · {stateText(pod)}
          {pod.controller && ` · ${pod.controller.kind}`}
          {pod.restarts > 0 && ` · restarted ${pod.restarts}×`}
        </span>
        {part !== undefined && <span class="pod__part">{partText(part, to)}</span>}
        {part === undefined && !pod.movable.likely && (
          <span class="pod__hint">cannot be moved: {pod.movable.reasons.join('; ')}</span>
        )}
      </button>
      <a
        class="icon-button pod__more"
        href={hrefOf({
          page: 'new',
          fields: { action: 'checkpoint', namespace: pod.namespace, sourcePod: pod.name },
        })}
        aria-label={`Checkpoint ${pod.name}`}
        title="Checkpoint…"
      >
        <Icon name="save" />
      </a>
    </li>
  );
}

function partText(part: Part, to: string | undefined): string {
  switch (part) {
    case 'leaving':
      return `moving to ${to ?? 'another node'}`;
    case 'arriving':
      return 'arriving';
    case 'saving':
      return 'being saved';
  }
}

function stateText({ deleting, problem, phase, ready }: PodView): string {
  if (deleting) return 'Terminating';
  if (problem !== undefined) return problem;
  return phase === 'Running' && !ready ? 'Not ready' : phase;
}

/** What the kubelet calls a pod's way to running: no trouble by itself. */
const ON_ITS_WAY: readonly string[] = ['ContainerCreating', 'PodInitializing'];

function toneOf({ deleting, problem, phase, ready }: PodView): string {
  const isTroubled = problem !== undefined && !ON_ITS_WAY.includes(problem);
  if (isTroubled || phase === 'Failed') return 'bad';
  if (deleting || phase === 'Succeeded') return 'quiet';
  return phase === 'Running' && ready ? 'good' : 'careful';
}
