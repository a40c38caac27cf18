import { statePart, statePath } from '../state-layout.ts';

/**
 * A checkpoint on the store is a pod's state (see state-layout.ts) whose images lie right in their container's folder: clients of
 * the "extended kubelet" contract look there for descriptors.json.
 */

/** Where a file of a state lies in a checkpoint. Throws for a path that is none of a state. */
export function storedPath(path: string): string {
  const part = statePart(path);
  if (part === undefined) throw new Error(`'${path}' is no part of a state`);
  return part.kind === 'image' ? `${part.container}/${part.name}` : path;
}

/** Which file of a state a file of a checkpoint is; undefined when it is none. */
export function stateFile(stored: string): string | undefined {
  const beside = statePart(stored);
  if (beside !== undefined) return beside.kind === 'image' ? undefined : stored;
  const [container = '', name = '', ...more] = stored.split('/');
  const image = statePath({ kind: 'image', container, name });
  return more.length === 0 && statePart(image) !== undefined ? image : undefined;
}
