import { nameOf } from '../object/kube-object.ts';
import { at, isTree, listAt, same, type Tree, textAt, treeAt } from '../object/tree.ts';
import { conditionOf } from './pods.ts';
import { type Readiness, readyNow, type Verdict } from './readiness.ts';

/** How long a Service's endpoints must stay as they are, ms: pods that are about to become ready show up in between. */
const settleMs = 10_000;

/**
 * A Service with a selector is ready when it has endpoints and all of them are ready, or when its endpoints, even if
 * there are none, have been settled for a while with none pending; one of type LoadBalancer also needs an address.
 * Services without selector, headless ones and external names need no endpoints.
 */
export const serviceReadiness: Readiness = {
  related: (object) =>
    needsEndpoints(object)
      ? {
          slices: {
            gvk: { group: 'discovery.k8s.io', version: 'v1', kind: 'EndpointSlice' },
            labelSelector: `kubernetes.io/service-name=${nameOf(object)}`,
          },
        }
      : {},
  check: (view) => {
    const { object } = view;
    if (
      textAt(object, 'spec', 'type') === 'LoadBalancer' &&
      listAt(object, 'status', 'loadBalancer', 'ingress').length === 0
    ) {
      return pending('waiting for the address of the load balancer', [
        'no address was allocated: does this cluster support load balancers?',
      ]);
    }
    if (!needsEndpoints(object)) return readyNow;
    const endpoints = view.related('slices').flatMap((slice) => listAt(slice, 'endpoints'));
    const notReady = endpoints.filter(
      (endpoint) =>
        at(endpoint, 'conditions', 'ready') === false && at(endpoint, 'conditions', 'terminating') !== true,
    );
    if (notReady.length > 0) {
      return pending(`waiting for ${notReady.length} of ${endpoints.length} endpoints to be ready`, [
        `not ready: ${notReady.map((endpoint) => textAt(endpoint, 'targetRef', 'name') || listAt(endpoint, 'addresses').join(',')).join(', ')}`,
      ]);
    }
    if (endpoints.length > 0) return readyNow;
    const quiet = view.quietMs('slices');
    if (quiet !== undefined && quiet >= settleMs) return readyNow;
    return {
      ...pending('waiting for endpoints', [
        'the Service does not target any Pods: spec.selector may match none, or they are not ready',
      ]),
      ...(quiet === undefined ? {} : { againMs: settleMs - quiet + 50 }),
    };
  },
};

/** A PersistentVolumeClaim is ready when it is bound, or pending when its class binds at first use. */
export const claimReadiness: Readiness = {
  related: (object) => {
    const name = textAt(object, 'spec', 'storageClassName');
    const gvk = { group: 'storage.k8s.io', version: 'v1', kind: 'StorageClass' };
    return name === '' ? {} : { classes: { gvk, fieldSelector: `metadata.name=${name}` } };
  },
  check: ({ object, related }) => {
    const phase = textAt(object, 'status', 'phase');
    if (phase === 'Bound') return readyNow;
    const [storageClass] = related('classes');
    const bindsLater = textAt(storageClass, 'volumeBindingMode') === 'WaitForFirstConsumer';
    if (phase === 'Pending' && bindsLater)
      return { ready: true, progress: 'binds at first use', reasons: [] };
    return pending(`waiting to be bound (${phase || 'no phase yet'})`, []);
  },
};

/** A PersistentVolume is ready when it is available or bound. */
export const volumeReadiness: Readiness = {
  check: ({ object }) => {
    const phase = textAt(object, 'status', 'phase');
    if (phase === 'Available' || phase === 'Bound') return readyNow;
    return pending(
      `waiting to be available (${phase || 'no phase yet'})`,
      [textAt(object, 'status', 'message')].filter(Boolean),
    );
  },
};

/** A Namespace is ready when it is active; one that is on its way out never will be. */
export const namespaceReadiness: Readiness = {
  check: ({ object }) => {
    const phase = textAt(object, 'status', 'phase');
    if (phase === 'Active') return readyNow;
    return {
      ...pending(`waiting to be active (${phase || 'no phase yet'})`, []),
      hopeless: phase === 'Terminating',
    };
  },
};

/** A CustomResourceDefinition is ready when it is established: then objects of its kind can be made. */
export const definitionReadiness: Readiness = {
  check: ({ object }) => {
    if (conditionOf(object, 'Established')?.status === 'True') return readyNow;
    const reasons = (['NamesAccepted', 'Established'] as const)
      .map((type) => conditionOf(object, type))
      .filter((condition) => condition?.status === 'False')
      .map((condition) => `${condition?.reason}: ${condition?.message}`);
    return pending('waiting to be established', reasons);
  },
};

/** A Secret that holds a service account's token is ready when the token is in it; others are at once. */
export const secretReadiness: Readiness = {
  check: ({ object }) => {
    if (textAt(object, 'type') !== 'kubernetes.io/service-account-token') return readyNow;
    return isTree(at(object, 'data', 'token')) || textAt(object, 'data', 'token') !== ''
      ? readyNow
      : pending('waiting for the token', []);
  },
};

/** A ResourceQuota is ready when its limits are in force. */
export const quotaReadiness: Readiness = {
  check: ({ object }) =>
    same(treeAt(object, 'spec', 'hard'), treeAt(object, 'status', 'hard'))
      ? readyNow
      : pending('waiting for the limits to be in force', []),
};

function needsEndpoints(service: Tree): boolean {
  const hasSelector = Object.keys(treeAt(service, 'spec', 'selector')).length > 0;
  const isExternal = textAt(service, 'spec', 'type') === 'ExternalName';
  return hasSelector && !isExternal && textAt(service, 'spec', 'clusterIP') !== 'None';
}

function pending(progress: string, reasons: readonly string[]): Verdict {
  return { ready: false, progress, reasons: reasons.length > 0 ? reasons : [progress] };
}
