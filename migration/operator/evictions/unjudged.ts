import { EVICT_LABEL, EVICTION_JUDGED_ANNOTATION } from '../../contract/annotations.ts';
import { evictions, userNamespaces } from './manifests.ts';

const NAME = 'podferry-unjudged-evictions';

/** True of a pod that opted in, and that an eviction would kill; one that is Pending may have arrived by a move, state and all. */
const KILLS = [
  'params.metadata.name == request.name',
  '!has(params.metadata.deletionTimestamp)',
  "!(has(params.status) && has(params.status.phase) && params.status.phase in ['Succeeded', 'Failed'])",
].join(' && ');

/**
 * While no operator answers the webhook, an eviction of a pod that opted in would kill what its owner wants moved, and a drain that waits for
 * an operator might never end. So the API server refuses it by itself, at once and with the reason: `kubectl drain` ends with that
 * error, the pod runs on. It is the API server's own policy, as only that can look at the pod's labels without a webhook
 * (https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/). Who may evict a pod may as well delete it, so that an
 * Eviction that somebody marks as judged themselves does no harm.
 */
export const unjudgedPolicy = {
  metadata: { name: NAME },
  spec: {
    failurePolicy: 'Fail',
    paramKind: { apiVersion: 'v1', kind: 'Pod' },
    matchConstraints: { resourceRules: [evictions], namespaceSelector: userNamespaces },
    matchConditions: [
      {
        name: 'unjudged',
        expression: `!(has(object.metadata.annotations) && '${EVICTION_JUDGED_ANNOTATION}' in object.metadata.annotations)`,
      },
    ],
    validations: [
      {
        expression: `!(${KILLS})`,
        messageExpression: `'pod ' + request.name + ' is to be moved instead of killed, and no operator of podferry answers: start it and ask again, or take the label ${EVICT_LABEL} away'`,
        reason: 'Forbidden',
      },
    ],
  },
};

/** The same pods as in opted-in.ts: those that say `move`, and in a namespace that does, those that say nothing. */
export const unjudgedBindings = [
  binding(NAME, { matchLabels: { [EVICT_LABEL]: 'move' } }),
  binding(
    `${NAME}-by-namespace`,
    { matchExpressions: [{ key: EVICT_LABEL, operator: 'DoesNotExist' }] },
    { namespaceSelector: { matchLabels: { [EVICT_LABEL]: 'move' } } },
  ),
];

function binding(name: string, selector: object, matchResources?: { namespaceSelector: object }) {
  return {
    metadata: { name },
    spec: {
      policyName: NAME,
      validationActions: ['Deny'],
      paramRef: { selector, parameterNotFoundAction: 'Allow' },
      ...(matchResources && { matchResources }),
    },
  };
}
