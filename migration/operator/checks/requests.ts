import { type Amounts, amounts, largest, sum } from './quantity.ts';

type Quantities = Readonly<Record<string, string>>;

/** The parts of a pod's spec that decide what it takes of a node. */
export interface Demanding {
  containers: readonly Demand[];
  initContainers: readonly (Demand & { restartPolicy?: string | undefined })[];
  overhead: Quantities;
}

interface Demand {
  resources: { requests: Quantities; limits: Quantities };
}

/**
 * What a pod takes of a node, or of a quota, by resource: its containers and sidecars together, or more where a later
 * init container needs more beside the sidecars before it
 * (https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers).
 * A request that is absent equals the limit.
 */
export const requestsOf = (spec: Demanding): Amounts =>
  demand(spec, ({ resources }) => amounts({ ...resources.limits, ...resources.requests }));

/** The same of limits. */
export const limitsOf = (spec: Demanding): Amounts =>
  demand(spec, ({ resources }) => amounts(resources.limits));

function demand(spec: Demanding, of: (container: Demand) => Amounts): Amounts {
  let sidecars: Amounts = {};
  let starting: Amounts = {};
  for (const init of spec.initContainers) {
    const alone = of(init);
    if (init.restartPolicy === 'Always') sidecars = sum([sidecars, alone]);
    starting = largest([starting, init.restartPolicy === 'Always' ? sidecars : sum([sidecars, alone])]);
  }
  const running = sum([...spec.containers.map(of), sidecars]);
  return sum([largest([running, starting]), amounts(spec.overhead)]);
}
