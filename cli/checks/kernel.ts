import { type Check, error } from './check.ts';

/** Controllers that kubelet and containerd account with (Kubernetes documentation, "About cgroup v2" and runc's spec). */
const NEEDED_CONTROLLERS = ['cpu', 'cpuset', 'memory', 'pids'];

export const kernelChecks: readonly Check[] = [
  {
    name: 'capabilities',
    title: 'this process may do what privileged containers and CRIU do',
    hosts: 'podman',
    look: ({ kernel }) =>
      kernel.missingCapabilities.length === 0
        ? undefined
        : error(
            `missing: ${kernel.missingCapabilities.join(', ')}`,
            'Inside a container or a sandbox: start it with all privileges, or use a machine of its own.',
          ),
  },
  {
    name: 'overlayfs',
    title: 'overlayfs can be mounted',
    hosts: 'podman',
    look: ({ kernel }) =>
      kernel.overlayProblem === undefined
        ? undefined
        : error(
            `mounting overlayfs failed: ${kernel.overlayProblem}`,
            'The kernel needs CONFIG_OVERLAY_FS (`modprobe overlay`); containers of the lab are made of it.',
          ),
  },
  {
    name: 'cgroups',
    title: 'cgroups have the controllers that Kubernetes needs',
    hosts: 'podman',
    look: ({ kernel: { cgroups } }) => {
      if (cgroups.mode === 'none')
        return error('no cgroup file system is mounted', 'Mount cgroups at /sys/fs/cgroup.');
      const needed =
        cgroups.mode === 'v2' ? NEEDED_CONTROLLERS : [...NEEDED_CONTROLLERS, 'freezer', 'devices'];
      const missing = needed.filter((controller) => !cgroups.controllers.includes(controller));
      return missing.length === 0
        ? undefined
        : error(
            `cgroup ${cgroups.mode} lacks the controllers ${missing.join(', ')}`,
            'Enable them on the kernel command line (for example `cgroup_enable=memory`).',
          );
    },
  },
  {
    name: 'checkpoint-restore',
    title: 'the kernel can checkpoint and restore processes',
    hosts: 'podman',
    look: ({ kernel }) =>
      kernel.missingForCriu.length === 0
        ? undefined
        : error(
            `kernel ${kernel.release} lacks ${kernel.missingForCriu.join(', ')}`,
            'CRIU needs a kernel with CONFIG_CHECKPOINT_RESTORE, as the stock kernels of Debian and Ubuntu have it.',
          ),
  },
  {
    name: 'network-devices',
    title: 'the kernel makes bridges and veth pairs',
    hosts: 'podman',
    look: ({ kernel }) =>
      kernel.networkProblem === undefined
        ? undefined
        : error(
            `trial in a network namespace failed: ${kernel.networkProblem}`,
            'The kernel needs the modules bridge and veth.',
          ),
  },
];
