import { EVICTIONS_SERVICE } from '../../contract/evictions.ts';
import { OPERATOR_LABELS, OPERATOR_NAMESPACE } from '../manifests.ts';

export const evictionsServiceSpec = {
  selector: OPERATOR_LABELS,
  ports: [{ name: 'https', port: 443, targetPort: 'evictions' }],
};

/**
 * The webhook's registration. `Ignore`: while no operator answers, nobody moves pods, and a drain that waits for that would never
 * end; pods are then evicted as they were before podferry.
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
        rules: [
          {
            operations: ['CREATE'],
            apiGroups: [''],
            apiVersions: ['v1'],
            resources: ['pods/eviction'],
            scope: 'Namespaced',
          },
        ],
        // Never in the way of the cluster's own pods, nor of the operator's.
        namespaceSelector: {
          matchExpressions: [
            {
              key: 'kubernetes.io/metadata.name',
              operator: 'NotIn',
              values: ['kube-system', OPERATOR_NAMESPACE],
            },
          ],
        },
        failurePolicy: 'Ignore',
        sideEffects: 'NoneOnDryRun',
        timeoutSeconds: 10,
        admissionReviewVersions: ['v1'],
      },
    ],
  };
}
