import type { PodRef } from '../../contract/agent-api.ts';
import { inStep } from '../failure.ts';
import { requireSpace } from '../space.ts';
import type { Stopwatch } from '../stopwatch.ts';
import { type CapturePlaces, captureFrozen, prepareStaging, warmUp } from './capture.ts';
import { closeConnections } from './close-connections.ts';
import type { CgroupPath } from './container.ts';
import { endDumps } from './dump.ts';
import { freezePod } from './freeze-pod.ts';
import { isGone, killFrozen, thaw } from './freezer.ts';
import { type FoundPod, findPod } from './pod.ts';
import type { StateOutput } from './state-output.ts';

/** What moves and checkpoints do to the pods of this node: the seam between their order of steps and the system. */
export interface Containers {
  /**
   * Finds the containers of a pod, in the order of `names`, and makes room for their state: `copies` times over in
   * memory. StepError `find` or `space`.
   */
  prepare(ref: PodRef, names: readonly string[], places: CapturePlaces, copies: number): Promise<FoundPod>;
  /**
   * Starts what the dumps need while the pod still runs; `capture` uses it. An abort of `signal` ends what has not begun.
   */
  warmUp(pod: FoundPod, places: CapturePlaces, signal: AbortSignal): Promise<FoundPod>;
  /** All of them, or none: StepError `freeze`; then all run. */
  freeze(pod: FoundPod): Promise<void>;
  /**
   * Saves a frozen pod's state: images into the staging directory, everything else to `output`. StepError `dump` or
   * `layer`. The pod stays frozen either way, and no dump runs any more. An abort of `signal` ends what is not a dump at once.
   */
  capture(
    pod: FoundPod,
    places: CapturePlaces,
    output: StateOutput,
    watch: Stopwatch,
    signal?: AbortSignal,
  ): Promise<void>;
  /** Lets containers run again; content if they are gone. */
  thaw(cgroups: readonly CgroupPath[]): void;
  /** Closes the connections of frozen containers, so that their clients know. StepError `close`. */
  closeConnections(cgroups: readonly CgroupPath[]): Promise<void>;
  /** Ends frozen containers before they run another instruction. StepError `release`. */
  kill(cgroups: readonly CgroupPath[]): Promise<void>;
  /** Whether none of them is there any more. */
  areGone(cgroups: readonly CgroupPath[]): boolean;
  /**
   * Resolves when nobody dumps these containers any more. A dump that has not ended after `graceMs` is killed: whoever still
   * held the tasks would freeze them again.
   */
  endDumps(containerIds: readonly string[], graceMs: number): Promise<void>;
}

/** The containers that containerd runs through runc. */
export const runcContainers: Containers = {
  async prepare(ref, names, places, copies) {
    const pod = await inStep('find', () => findPod(ref, names));
    await requireSpace(places.staging, pod.memoryBytes * copies);
    await prepareStaging(pod, places);
    return pod;
  },
  warmUp,
  freeze: (pod) => freezePod(pod),
  capture: captureFrozen,
  thaw: (cgroups) => {
    for (const cgroup of cgroups) thaw(cgroup);
  },
  closeConnections,
  async kill(cgroups) {
    const ended = await Promise.allSettled(cgroups.map((cgroup) => killFrozen(cgroup)));
    for (const end of ended) if (end.status === 'rejected') throw end.reason;
  },
  areGone: (cgroups) => cgroups.every(isGone),
  endDumps,
};
