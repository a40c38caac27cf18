import type { Gvk } from './kube-object.ts';

/**
 * Built-in kinds that belong to the whole cluster, per group, for the times when no server can be asked
 * (https://kubernetes.io/docs/reference/kubernetes-api/).
 */
const clusterKinds: Readonly<Record<string, readonly string[]>> = {
  '': ['Namespace', 'Node', 'PersistentVolume'],
  'admissionregistration.k8s.io': [
    'MutatingWebhookConfiguration',
    'ValidatingWebhookConfiguration',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
    'MutatingAdmissionPolicy',
    'MutatingAdmissionPolicyBinding',
  ],
  'apiextensions.k8s.io': ['CustomResourceDefinition'],
  'apiregistration.k8s.io': ['APIService'],
  'certificates.k8s.io': ['CertificateSigningRequest', 'ClusterTrustBundle'],
  'flowcontrol.apiserver.k8s.io': ['FlowSchema', 'PriorityLevelConfiguration'],
  'networking.k8s.io': ['IngressClass', 'IPAddress', 'ServiceCIDR'],
  'node.k8s.io': ['RuntimeClass'],
  'rbac.authorization.k8s.io': ['ClusterRole', 'ClusterRoleBinding'],
  'resource.k8s.io': ['DeviceClass', 'ResourceSlice'],
  'scheduling.k8s.io': ['PriorityClass'],
  'storage.k8s.io': ['CSIDriver', 'CSINode', 'StorageClass', 'VolumeAttachment', 'VolumeAttributesClass'],
};

/** Groups whose kinds all are built in: a kind of theirs that is not listed above lives in a namespace. */
const builtInGroups = new Set([...Object.keys(clusterKinds), 'apps', 'autoscaling', 'batch', 'policy']);

/** Whether a built-in kind lives in a namespace; undefined for kinds that a server adds (custom resources). */
export function builtInScope(gvk: Gvk): 'namespace' | 'cluster' | undefined {
  if (clusterKinds[gvk.group]?.includes(gvk.kind)) return 'cluster';
  const known = builtInGroups.has(gvk.group) || /^(coordination|discovery|events)\.k8s\.io$/.test(gvk.group);
  return known ? 'namespace' : undefined;
}
