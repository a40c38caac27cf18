import { EVICTIONS_SERVICE } from '../../contract/evictions.ts';
import { OPERATOR_LABELS, OPERATOR_NAMESPACE } from '../manifests.ts';

export const evictionsServiceSpec = {
  selector: OPERATOR_LABELS,
  ports: [{ name: 'https', port: 443, targetPort: 'evictions' }],
};

/** Evictions, as the API server's rules for admission name them. */
export const evictions = {
  operations: ['CREATE'],
  apiGroups: [''],
  apiVersions: ['v1'],
  resources: ['pods/eviction'],
  scope: 'Namespaced',
};

/** Never in the way of the cluster's own pods, nor of the operator's. */
export const userNamespaces = {
  matchExpressions: [
    { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', OPERATOR_NAMESPACE] },
  ],
};

/**
 * The webhook's registration, a mutating one, as it marks what it lets through. `Ignore`: it cannot know which pods opted in before it is
 * asked, and while no operator answers the others are evicted as ever. Those that did opt in are the policy's (unjudged.ts).
 */
export function evictionsWebhook(ca: string, path: string) {
  return {
    metadata: { name: EVICTIONS_SERVICE },
    webhooks: [
      {
        name: 'evictions.podferry.dev',
        clientConfig: {
          service: { name: EVICTIONS_SERVICE, namespace: OPERATOR_NAMESPACE, path, port: 443 },
          caBundle: Buffer.from(ca).toString('base64'),
        },
        rules: [evictions],
        namespaceSelector: userNamespaces,
        failurePolicy: 'Ignore',
        sideEffects: 'NoneOnDryRun',
        timeoutSeconds: 10,
        admissionReviewVersions: ['v1'],
      },
    ],
  };
}
