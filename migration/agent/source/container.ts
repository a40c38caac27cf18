import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { ContainerRef } from '../../contract/agent-api.ts';
import { StepError } from '../failure.ts';
import { processStartTime } from '../process.ts';

/** Where containerd's shim lets runc keep its state; also runc's --root. */
export const RUNC_ROOT = '/run/containerd/runc/k8s.io';

/** A running container, as far as a dump needs to know it. */
export interface RunningContainer {
  id: string;
  bundle: string;
  initPid: number;
  /** The freezer's directory (cgroup v1) or the cgroup's (v2). */
  cgroup: CgroupPath;
  /** The memory cgroup's directory; the same as `cgroup.path` on v2. */
  memoryCgroup: string | undefined;
}

export interface CgroupPath {
  version: 1 | 2;
  path: string;
}

/** The part of runc's state.json that is read. Annotations of config.json are in `labels` as "key=value". */
const runcState = z.object({
  id: z.string(),
  init_process_pid: z.int(),
  init_process_start: z.int(),
  cgroup_paths: z.record(z.string(), z.string()),
  config: z.object({ labels: z.array(z.string()).nullish() }),
});
type RuncState = z.infer<typeof runcState>;

/**
 * Finds the container that runs for a pod. Only containers whose first process lives count: after restarts, dead ones
 * of the same name may still be there. Throws StepError `find` when there is none.
 */
export async function findContainer(ref: ContainerRef, runcRoot = RUNC_ROOT): Promise<RunningContainer> {
  const ids = await readdir(runcRoot).catch(() => []);
  for (const id of ids) {
    const state = await readState(path.join(runcRoot, id, 'state.json'));
    if (state === undefined || !isContainer(state, ref)) continue;
    if ((await processStartTime(state.init_process_pid)) === state.init_process_start)
      return fromState(state);
  }
  throw new StepError(
    'find',
    `container ${ref.container} of pod ${ref.namespace}/${ref.pod} does not run here`,
  );
}

/** A state that vanishes while it is read belongs to a container that just ended. */
async function readState(file: string): Promise<RuncState | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : runcState.parse(JSON.parse(text));
}

function label(state: RuncState, key: string): string | undefined {
  const found = state.config.labels?.find((entry) => entry.startsWith(`${key}=`));
  return found?.slice(key.length + 1);
}

function isContainer(state: RuncState, ref: ContainerRef): boolean {
  return (
    label(state, 'io.kubernetes.cri.container-type') === 'container' &&
    label(state, 'io.kubernetes.cri.sandbox-uid') === ref.podUid &&
    label(state, 'io.kubernetes.cri.container-name') === ref.container
  );
}

function fromState(state: RuncState): RunningContainer {
  const bundle = label(state, 'bundle');
  const freezer = state.cgroup_paths.freezer;
  const unified = state.cgroup_paths[''];
  const cgroup: CgroupPath | undefined = freezer
    ? { version: 1, path: freezer }
    : unified
      ? { version: 2, path: unified }
      : undefined;
  if (bundle === undefined || cgroup === undefined)
    throw new StepError('find', `runc's state of container ${state.id} names no bundle or no cgroup`);
  const memoryCgroup = cgroup.version === 2 ? cgroup.path : state.cgroup_paths.memory;
  return { id: state.id, bundle, initPid: state.init_process_pid, cgroup, memoryCgroup };
}
