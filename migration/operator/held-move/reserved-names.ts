import { PODMIGRATION_API_VERSION, PODMIGRATION_KIND } from '../../contract/podmigration.ts';
import { OPERATOR_NAMESPACE, OPERATOR_SERVICE_ACCOUNT } from '../manifests.ts';

const NAME = 'podferry-reserved-names';
const OPERATOR = `system:serviceaccount:${OPERATOR_NAMESPACE}:${OPERATOR_SERVICE_ACCOUNT}`;

/** True of a Podmigration during which nobody else may make a pod of the name, since the pod keeps it. */
const RESERVES = [
  'has(params.status)',
  "has(params.status.state) && params.status.state in ['Moving', 'Committed']",
  'has(params.status.sourcePod) && has(params.status.targetPod)',
  'params.status.sourcePod == params.status.targetPod',
  'has(object.metadata.name) && object.metadata.name == params.status.targetPod',
].join(' && ');

/**
 * While a StatefulSet's pod is between two nodes its controller finds it missing, and would start one of its name from nothing: this
 * policy denies that, by every Podmigration of the pod's namespace
 * (https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/). Where it cannot be asked
 * pods are let in: the operator then removes the one that is in its way.
 */
export const reservedNamesPolicy = {
  metadata: { name: NAME },
  spec: {
    failurePolicy: 'Ignore',
    paramKind: { apiVersion: PODMIGRATION_API_VERSION, kind: PODMIGRATION_KIND },
    matchConstraints: {
      resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
    },
    matchConditions: [{ name: 'somebody-else', expression: `request.userInfo.username != '${OPERATOR}'` }],
    validations: [
      {
        expression: `!(${RESERVES})`,
        messageExpression: `'podmigration ' + params.metadata.name + ' moves the pod of this name, and makes it anew itself'`,
        reason: 'Forbidden',
      },
    ],
  },
};

export const reservedNamesBinding = {
  metadata: { name: NAME },
  spec: {
    policyName: NAME,
    validationActions: ['Deny'],
    paramRef: { selector: {}, parameterNotFoundAction: 'Allow' },
  },
};
