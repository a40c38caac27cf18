import { podPath } from '../../migration/kube/paths.ts';
import { NAMESPACE } from '../lab.ts';
import { cordon, uncordon } from '../run/cordon.ts';
import type { Arm } from './arm.ts';

/** Default Kubernetes for a Deployment under `kubectl drain`: its node takes no more pods, its pod is evicted, the ReplicaSet makes another. */
export const rollout: Arm = {
  name: 'rollout',
  what: 'default Kubernetes for a Deployment: cordon the node and evict the pod (drain); the ReplicaSet starts a cold one',
  family: 'default',
  startsAs: 'deployment',
  async make({ lab, subject, source, mark }) {
    mark('asked');
    await cordon(lab, source.node);
    // https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
    await lab.client.request('POST', `${podPath(NAMESPACE, source.name)}/eviction`, {
      body: {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: source.name, namespace: NAMESPACE },
      },
    });
    const { name } = await subject.successor([source.name]);
    mark('created');
    await subject.gone(source.name);
    mark('sourceGone');
    return { pod: name };
  },
  restore: uncordon,
};
