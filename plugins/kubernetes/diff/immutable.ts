import { gvkOf } from '../object/kube-object.ts';
import { at, type Tree } from '../object/tree.ts';
import { isWithin, type Path, parsePath } from './path.ts';

/** Settings that make Secrets and ConfigMaps changeable in place. */
export interface Mutability {
  readonly enableSecretMutable?: boolean | undefined;
  readonly enableConfigMapMutable?: boolean | undefined;
}

/** Fields of a kind whose change needs a new object, and exceptions below them. */
interface Rule {
  readonly fields: readonly string[];
  readonly except?: readonly string[];
}

const selector: Rule = { fields: ['spec.selector'] };
const roleRef: Rule = { fields: ['roleRef'] };

/** Sources of a PersistentVolume are what it is. */
const volumeSources =
  'awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume';

/**
 * By group and kind: fields the API server refuses to change (k8s.io/kubernetes `pkg/apis/…/validation`), and those
 * the official provider replaces by choice.
 */
const rules: Readonly<Record<string, Rule>> = {
  '/Pod': {
    fields: ['spec'],
    except: ['spec.activeDeadlineSeconds', 'spec.schedulingGates', 'spec.tolerations'],
  },
  '/PersistentVolume': {
    fields: [...volumeSources.split(' ').map((source) => `spec.${source}`), 'spec.volumeMode'],
  },
  '/PersistentVolumeClaim': {
    fields: [
      'accessModes',
      'selector',
      'storageClassName',
      'volumeName',
      'volumeMode',
      'dataSource',
      'dataSourceRef',
    ].map((field) => `spec.${field}`),
  },
  '/ResourceQuota': { fields: ['spec.scopes', 'spec.scopeSelector'] },
  '/Secret': { fields: ['type'] },
  '/Service': { fields: ['spec.clusterIP'] },
  'apiextensions.k8s.io/CustomResourceDefinition': {
    fields: ['spec.group', 'spec.scope', 'spec.names.plural'],
  },
  'apps/DaemonSet': selector,
  'apps/Deployment': selector,
  'apps/ReplicaSet': selector,
  'apps/StatefulSet': {
    fields: ['spec.podManagementPolicy', 'spec.selector', 'spec.serviceName', 'spec.volumeClaimTemplates'],
  },
  'batch/Job': {
    fields: [
      'completions',
      'completionMode',
      'parallelism',
      'selector',
      'template',
      'podFailurePolicy',
      'successPolicy',
    ].map((field) => `spec.${field}`),
  },
  'networking.k8s.io/IngressClass': { fields: ['spec.controller'] },
  'node.k8s.io/RuntimeClass': { fields: ['handler'] },
  'rbac.authorization.k8s.io/ClusterRoleBinding': roleRef,
  'rbac.authorization.k8s.io/RoleBinding': roleRef,
  'scheduling.k8s.io/PriorityClass': { fields: ['value', 'preemptionPolicy'] },
  'storage.k8s.io/StorageClass': {
    fields: ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'],
  },
};

/** Fields that make the object another one, whatever its kind. */
const identity = ['metadata.name', 'metadata.namespace', 'kind'];

/**
 * Says of each change whether it needs a new object.
 *
 * @returns a test of a changed path; `values` are the old and the new value there, so that a change of something
 * bigger than an immutable field counts when that field is in it.
 */
export function replacementTest(
  object: Tree,
  mutability: Mutability,
): (path: Path, values: readonly unknown[]) => boolean {
  const { group, kind } = gvkOf(object);
  const rule = rules[`${group}/${kind}`];
  const fields = [...identity, ...(rule?.fields ?? []), ...dataFields(group, kind, object, mutability)].map(
    parsePath,
  );
  const except = (rule?.except ?? []).map(parsePath);
  return (path, values) => {
    if (except.some((field) => isWithin(field, path))) return false;
    return fields.some((field) => {
      if (isWithin(field, path)) return true;
      return (
        isWithin(path, field) && values.some((value) => at(value, ...field.slice(path.length)) !== undefined)
      );
    });
  };
}

/** Pods do not see changed Secrets and ConfigMaps by themselves; the official provider therefore replaces them. */
function dataFields(group: string, kind: string, object: Tree, mutability: Mutability): string[] {
  if (group !== '') return [];
  const frozen = at(object, 'immutable') === true;
  if (kind === 'Secret' && (frozen || mutability.enableSecretMutable !== true)) return ['data', 'stringData'];
  if (kind === 'ConfigMap' && (frozen || mutability.enableConfigMapMutable !== true))
    return ['data', 'binaryData'];
  return [];
}
