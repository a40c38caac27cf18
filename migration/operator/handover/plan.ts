import type { Pod, PodDocument } from '../../kube/objects.ts';
import { isPodReady } from '../../kube/objects.ts';
import { type LabelSelector, selects } from '../checks/selector.ts';
import type { Cluster } from '../cluster.ts';
import { controllerAmong, ownersOf } from './controllers.ts';
import type { Service } from './endpoints.ts';
import { type KeptBack, keepBack } from './kept-back.ts';

/** What the target of this source has to be without until it is the pod. */
export async function planHandover(
  cluster: Cluster,
  { pod, document }: { pod: Pod; document: PodDocument },
): Promise<KeptBack> {
  const { namespace, labels } = pod.metadata;
  const owners = ownersOf(document);
  const controller = controllerAmong(owners);
  const own = controller && (await cluster.readSelector(namespace, controller));
  const policies = cluster.networkPolicies(namespace).map(({ spec }) => spec.podSelector);
  return keepBack({
    labels,
    owners,
    isReady: isPodReady(pod),
    selectors: [...(own ? [own] : []), ...cluster.endpoints.services(namespace).flatMap(selectorOf)],
    spared: new Set(policies.filter((p) => selects(p, labels)).flatMap(keysOf)),
  });
}

/** A Service without a selector has its addresses from somebody else. */
function selectorOf({ spec }: Service): LabelSelector[] {
  const matchLabels = spec.selector ?? {};
  return Object.keys(matchLabels).length === 0 ? [] : [{ matchLabels, matchExpressions: [] }];
}

const keysOf = ({ matchLabels, matchExpressions }: LabelSelector): string[] => [
  ...Object.keys(matchLabels),
  ...matchExpressions.map((r) => r.key),
];
