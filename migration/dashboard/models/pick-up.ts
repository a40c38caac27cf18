import type { NodeView, PodView } from '../../contract/rest-views.ts';

/**
 * A pod that was picked up with the keyboard, or by a tap, until it is dropped. Pure: keys come in, and what to do and to
 * say goes out.
 */
export interface PickedUp {
  pod: PodView;
  destinations: readonly NodeView[];
  /** Which of the destinations is chosen; -1 while none is. */
  chosen: number;
}

export interface KeyAnswer {
  picked: PickedUp | undefined;
  /** Where the pod was dropped, if it was. */
  droppedOn?: NodeView;
  /** For who listens instead of looking. */
  said: string;
}

/** @returns undefined when there is no node to move to */
export function pickUp(pod: PodView, destinations: readonly NodeView[]): KeyAnswer {
  if (destinations.length === 0)
    return { picked: undefined, said: `There is no other node for ${pod.name}.` };
  return {
    picked: { pod, destinations, chosen: -1 },
    said: `${pod.name} picked up from ${pod.node}. Arrow keys choose a node, Space or Enter drops it there, Escape puts it back.`,
  };
}

/** @returns undefined for keys that mean nothing here */
export function pressed(key: string, picked: PickedUp): KeyAnswer | undefined {
  const { pod, destinations, chosen } = picked;
  switch (key) {
    case 'ArrowRight':
    case 'ArrowDown':
      return choose(picked, (chosen + 1) % destinations.length);
    case 'ArrowLeft':
    case 'ArrowUp':
      return choose(picked, (Math.max(chosen, 0) - 1 + destinations.length) % destinations.length);
    case ' ':
    case 'Enter': {
      const node = destinations[chosen];
      if (node === undefined) return { picked, said: 'No node is chosen yet. Arrow keys choose one.' };
      return { picked: undefined, droppedOn: node, said: `${pod.name} dropped on ${node.name}.` };
    }
    case 'Escape':
      return { picked: undefined, said: `${pod.name} put back on ${pod.node}.` };
    default:
      return undefined;
  }
}

function choose(picked: PickedUp, index: number): KeyAnswer {
  const node = picked.destinations[index];
  const state = [node?.ready ? '' : ', not ready', node?.schedulable ? '' : ', cordoned'].join('');
  const said = `${node?.name}${state}, ${index + 1} of ${picked.destinations.length}.`;
  return { picked: { ...picked, chosen: index }, said };
}
