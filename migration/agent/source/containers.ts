import type { ContainerRef } from '../../contract/agent-api.ts';
import { inStep } from '../failure.ts';
import type { Stopwatch } from '../stopwatch.ts';
import { type CaptureFiles, type CapturePlaces, captureFrozen, filesOf, prepareStaging } from './capture.ts';
import { type CgroupPath, findContainer, type RunningContainer } from './container.ts';
import { checkSpace, untilNoDump } from './dump.ts';
import { freeze, killFrozen, thaw } from './freezer.ts';

/** A running container with all that has to be known of it before it is frozen. */
export interface FoundContainer extends RunningContainer {
  files: CaptureFiles;
}

/** What moves and checkpoints do to the containers of this node: the seam between their order of steps and the system. */
export interface Containers {
  /**
   * Finds a container, and makes room for its state: `copies` times over in memory. StepError `find` or `space`.
   */
  prepare(ref: ContainerRef, places: CapturePlaces, copies: number): Promise<FoundContainer>;
  /** StepError `freeze`; then the container runs. */
  freeze(cgroup: CgroupPath): Promise<void>;
  /** Saves a frozen container's state; StepError `dump` or `layer`. It stays frozen either way. */
  capture(container: FoundContainer, places: CapturePlaces, watch: Stopwatch): Promise<void>;
  /** Lets a container run again; content if it is gone. */
  thaw(cgroup: CgroupPath): void;
  /** Ends a frozen container before it runs another instruction. StepError `release`. */
  kill(cgroup: CgroupPath): Promise<void>;
  /** Resolves when nobody dumps the container any more. */
  untilNoDump(containerId: string): Promise<void>;
}

/** The containers that containerd runs through runc. */
export const runcContainers: Containers = {
  async prepare(ref, places, copies) {
    const container = await inStep('find', () => findContainer(ref));
    const files = await inStep('find', () => filesOf(container));
    await checkSpace(container, places.staging, copies);
    await prepareStaging(places);
    return { ...container, files };
  },
  freeze: (cgroup) => freeze(cgroup),
  capture: (container, places, watch) => captureFrozen(container, container.files, places, watch),
  thaw,
  kill: (cgroup) => killFrozen(cgroup),
  untilNoDump,
};
