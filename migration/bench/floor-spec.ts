import { z } from 'zod';

/** The parts of an OCI runtime configuration that are looked at; all else is kept as it is. */
const ociSpec = z.looseObject({
  root: z.looseObject({ path: z.string() }),
  mounts: z.array(z.looseObject({ destination: z.string(), type: z.string() })),
  linux: z.looseObject({
    namespaces: z.array(z.looseObject({ type: z.string() })),
  }),
});

export interface FloorPlaces {
  /** Mounted root file system of the same image. */
  rootfs: string;
  /** Network namespace, bound to a file. */
  network: string;
  cgroup: string;
}

/**
 * Turns the configuration that containerd gave a pod's container into one for runc alone: the same process with the same
 * rights, system call filter and limits, in namespaces and a cgroup of its own, without what the kubelet mounts.
 *
 * The network namespace stays one that runc is given, as in a pod: CRIU would otherwise dump its devices and rules too.
 */
export function floorSpec(config: unknown, places: FloorPlaces): unknown {
  const { annotations: _annotations, hooks: _hooks, ...spec } = ociSpec.parse(config);
  return {
    ...spec,
    root: { ...spec.root, path: places.rootfs },
    mounts: spec.mounts.filter(({ type }) => type !== 'bind'),
    linux: {
      ...spec.linux,
      cgroupsPath: places.cgroup,
      namespaces: spec.linux.namespaces.map(({ type }) =>
        type === 'network' ? { type, path: places.network } : { type },
      ),
    },
  };
}
