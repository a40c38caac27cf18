import type { Pod } from '../kube/objects.ts';

/**
 * The containers of a pod that run, and so have a state to move, in the order in which the kubelet starts them:
 * restartable init containers (KEP-753) in their order, then the regular ones. Containers that ran to their end are left out.
 */
export function runningContainers({ spec, status }: Pod): string[] {
  const sidecars = spec.initContainers.filter((c) => c.restartPolicy === 'Always');
  const statuses = [...status.initContainerStatuses, ...status.containerStatuses];
  const isOver = (name: string) => statuses.some((s) => s.name === name && s.state.terminated !== undefined);
  return [...sidecars, ...spec.containers].map((c) => c.name).filter((name) => !isOver(name));
}

/** The images of these containers, by name, as the pod's spec names them. */
export function imagesOf({ spec }: Pod, names: readonly string[]): Record<string, string> {
  const all = [...spec.initContainers, ...spec.containers];
  return Object.fromEntries(all.filter((c) => names.includes(c.name)).map((c) => [c.name, c.image]));
}
