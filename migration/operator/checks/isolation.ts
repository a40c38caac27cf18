import { type Checks, failed, failedIf, passed } from '../../contract/verdict.ts';
import type { PodFacts } from './pod.ts';
import type { Container } from './pod-detail.ts';

/** Whether what the pod shares with its node, or holds of it, lets it go. */
export const isolation: Checks<PodFacts> = {
  HostNamespaces({ pod: { spec } }) {
    const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name]);
    return failedIf(
      used.length > 0 ? `the pod uses its node's own namespaces: ${used.join(', ')}` : undefined,
    );
  },
  SharedProcesses: ({ pod: { spec } }) =>
    failedIf(
      spec.shareProcessNamespace
        ? 'the containers share a process namespace (shareProcessNamespace), so none can be saved by itself'
        : undefined,
    ),
  UserNamespace: ({ pod: { spec } }) =>
    failedIf(
      spec.hostUsers
        ? undefined
        : 'the pod has a user namespace of its own (hostUsers: false), with other ids on each node',
    ),
  Devices({ pod: { spec } }) {
    const held = [...spec.initContainers, ...spec.containers].flatMap(devicesOf);
    const claims = spec.resourceClaims.map(({ name }) => `resource claim ${name}`);
    const all = [...held, ...claims];
    return all.length === 0 ? passed() : failed(`devices stay on their node: ${all.join(', ')}`);
  },
};

/**
 * Resources outside Kubernetes' own name space are handed out by device plugins
 * (https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/).
 */
function devicesOf({ name, resources, volumeDevices }: Container): string[] {
  const extended = Object.keys({ ...resources.requests, ...resources.limits }).filter(
    (resource) => resource.includes('/') && !resource.startsWith('kubernetes.io/'),
  );
  return [
    ...extended.map((resource) => `${resource} of container ${name}`),
    ...volumeDevices.map((volume) => `block volume ${volume.name} of container ${name}`),
  ];
}
