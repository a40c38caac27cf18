import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { PodRef } from '../../contract/agent-api.ts';
import { readBundle } from '../bundle.ts';
import { findContainers, type RunningContainer } from './container.ts';
import { upperDirectory } from './layer.ts';
import { memoryInUse } from './memory.ts';
import type { WarmDump } from './warm-dump.ts';

/** A running container with what CRIU does not dump of it. */
export interface FoundContainer extends RunningContainer {
  /** The directory that takes the container's writes. */
  upper: string;
  /** The file that it sees as its termination message. */
  terminationLog: string | undefined;
}

/** An emptyDir of a pod, on disk or in memory. */
export interface Volume {
  name: string;
  directory: string;
}

/** A running pod with all that has to be known of it before it is frozen. */
export interface FoundPod {
  /** In the order in which the kubelet starts them. */
  containers: FoundContainer[];
  volumes: Volume[];
  /** The sandbox's directory that its containers see as /dev/shm. */
  shmDir: string | undefined;
  /** What a dump of its memory will take, in bytes, about. */
  memoryBytes: number;
  /** Whether its established connections are part of its state, or end with it. */
  connections: Connections;
  /** Dumps that have been warmed up, by container. */
  dumps: ReadonlyMap<string, WarmDump>;
}

/** A process by which the pod's network is found. */
export const processOf = ({ containers }: FoundPod): number => containers[0]?.initPid ?? 0;

/** What becomes of established connections: they can only be kept where the address is. */
export type Connections = 'keep' | 'close';

/** Where the kubelet keeps the volumes of pods, by pod uid. */
export const KUBELET_PODS = '/var/lib/kubelet/pods';

/** Finds a pod's containers, in the order of `names`, and its files. StepError `find` or `layer`. */
export async function findPod(ref: PodRef, names: readonly string[]): Promise<FoundPod> {
  const running = await findContainers(ref, names);
  const bundles = await Promise.all(running.map(({ bundle }) => readBundle(bundle)));
  const containers = await Promise.all(
    running.map(async (container, index) => ({
      ...container,
      upper: await upperDirectory(container.bundle),
      terminationLog: bundles[index]?.terminationLog,
    })),
  );
  const sizes = await Promise.all(running.map(memoryInUse));
  return {
    containers,
    volumes: await findVolumes(ref.podUid),
    shmDir: bundles[0]?.shmDir,
    memoryBytes: sizes.reduce((all, size) => all + size, 0),
    connections: 'close',
    dumps: new Map(),
  };
}

/** The emptyDirs of a pod. All other volumes are mounted anew at the target. */
export async function findVolumes(podUid: string, kubeletPods = KUBELET_PODS): Promise<Volume[]> {
  const folder = path.join(kubeletPods, podUid, 'volumes', 'kubernetes.io~empty-dir');
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.sort().map((name) => ({ name, directory: path.join(folder, name) }));
}
