import type { NodeView } from '../../../contract/rest-views.ts';
import { isControlPlane, isNodeReady, node } from '../../../kube/objects.ts';

const ROLE_LABEL = 'node-role.kubernetes.io/';
const HOSTNAME_LABEL = 'kubernetes.io/hostname';

/** A node of the API server as its view. */
export function toNodeView(raw: unknown): NodeView {
  const found = node.parse(raw);
  const { metadata, spec, status } = found;
  const address = status.addresses.find(({ type }) => type === 'InternalIP')?.address;
  const roles = Object.keys(metadata.labels).filter((label) => label.startsWith(ROLE_LABEL));
  return {
    name: metadata.name,
    uid: metadata.uid,
    ready: isNodeReady(found),
    schedulable: !spec.unschedulable,
    controlPlane: isControlPlane(found),
    roles: roles.map((label) => label.slice(ROLE_LABEL.length)),
    hostname: metadata.labels[HOSTNAME_LABEL] ?? metadata.name,
    taints: spec.taints,
    allocatable: status.allocatable,
    ...(address !== undefined && { address }),
  };
}
