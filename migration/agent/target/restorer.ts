import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Bundle } from '../bundle.ts';
import { CriuGate } from '../criu-gate.ts';
import type { PodLink } from '../network/pod-link.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import type { ProcessIdentity } from '../process.ts';
import { podAddresses } from './addresses.ts';
import type { CriuConfigs } from './criu-config.ts';
import { giveTaskSettings } from './give-task-settings.ts';
import type { PostStartHooks } from './post-start.ts';
import type { RestoredContainer } from './record.ts';
import { untilRestored } from './restoring.ts';
import { endAtOnce } from './stand-in.ts';
import { killRestored, resumeTasks } from './tasks.ts';

export type Gate = Pick<CriuGate, 'folder' | 'isReached' | 'open' | 'close' | 'remove'>;

/** Folders of one container's restore. */
export interface RestorePlaces {
  imageDir: string;
  /** For CRIU's log. */
  workDir: string;
}

/** What a target does to containers of this node: the seam between its states and the system. */
export interface Restorer {
  /** Addresses of the pod. */
  addresses(bundle: Bundle): Promise<string[]>;
  /** The link of a pod that takes over an address; undefined for one that has an address of its own. */
  link(bundle: Bundle): Promise<PodLink | undefined>;
  /** Makes a bundle's container end at once with exit code 0. */
  endAtOnce(bundle: Bundle): Promise<void>;
  /**
   * Before a restore: it is to leave the tasks stopped, and their connections open if the pod takes over the address. Returns the
   * folder for CRIU's log.
   */
  prepare(container: RestoredContainer, bundle: Bundle, link: PodLink | null): Promise<string>;
  /** Where the runtime can be let wait for the state, right before its CRIU begins; `workDir` is that of `prepare`. */
  gate(workDir: string): Promise<Gate>;
  /**
   * Resolves with the first process once all tasks of the container are restored, stopped, and have what CRIU does not give
   * them; StepError `restore`.
   */
  untilRestored(container: RestoredContainer, places: RestorePlaces): Promise<ProcessIdentity>;
  /** Starts what `open` takes; see PodNetwork. */
  readyToOpen(link: PodLink): void;
  /** Gives a pod the address that it takes over. */
  open(link: PodLink, podUid: string): Promise<void>;
  /** Back to how it was before `open`: nothing leaves the pod. */
  darken(link: PodLink): Promise<void>;
  /** Tells the pods of this node of the address that was opened; see PodNetwork. */
  announce(link: PodLink): Promise<void>;
  /** Lets the stopped tasks go on. */
  resume(containers: readonly RestoredContainer[]): void;
  /** Ends them before they run an instruction, also while they are being restored. StepError `abort`. */
  kill(containers: readonly RestoredContainer[]): Promise<void>;
  /** Removes what agent and wrapper noted about containers that never come to run. */
  forget(containers: readonly RestoredContainer[]): void;
}

/** What the wrapper notes about a container in files by its id, below the folder that it shares with the agent. */
const WRAPPER_NOTES = ['restored', 'started'];

/** By runc, which the wrapper becomes. `logDir` is the folder for one target's logs, `runDir` the wrapper's and ours. */
export function runcRestorer(
  { logDir, runDir }: { logDir: string; runDir: string },
  configs: CriuConfigs,
  hooks: PostStartHooks,
  network: PodNetwork,
): Restorer {
  return {
    addresses: ({ networkNamespace }) => podAddresses(networkNamespace),
    async link({ sandboxId }) {
      const link = await network.notedLink(sandboxId);
      if (link !== undefined) await network.prepare(link);
      return link;
    },
    endAtOnce: ({ dir }) => endAtOnce(dir),
    async prepare({ id, bundle }, { container, postStart }, link) {
      const workDir = path.join(logDir, container);
      await mkdir(workDir, { recursive: true, mode: 0o700 });
      await configs.leaveStopped(id, bundle, link === null ? 'close' : 'keep');
      if (postStart !== undefined) hooks.expect(id, postStart);
      return workDir;
    },
    gate: (workDir) => CriuGate.make(path.join(workDir, 'gate')),
    async untilRestored(container, { imageDir, workDir }) {
      try {
        const init = await untilRestored(container.bundle, container.runtime, workDir);
        await giveTaskSettings(container, imageDir);
        return init;
      } finally {
        configs.plain(container.id);
      }
    },
    readyToOpen: (link) => network.readyToOpen(link),
    open: (link, podUid) => network.open(link, podUid),
    darken: (link) => network.silence(link),
    announce: (link) => network.announce(link),
    resume(containers) {
      for (const container of containers) resumeTasks(container);
    },
    async kill(containers) {
      const ended = await Promise.allSettled(containers.map(killRestored));
      for (const end of ended) if (end.status === 'rejected') throw end.reason;
    },
    forget(containers) {
      for (const { id } of containers) {
        configs.forget(id);
        hooks.forget(id);
        for (const note of WRAPPER_NOTES) rmSync(path.join(runDir, note, id), { force: true });
      }
    },
  };
}
