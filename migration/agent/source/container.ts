import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { PodRef } from '../../contract/agent-api.ts';
import { StepError } from '../failure.ts';
import { processStartTime } from '../process.ts';

/** Where containerd's shim lets runc keep its state; also runc's --root. */
export const RUNC_ROOT = '/run/containerd/runc/k8s.io';

/** A running container, as far as a dump needs to know it. */
export interface RunningContainer {
  name: string;
  id: string;
  bundle: string;
  initPid: number;
  /** The freezer's directory (cgroup v1) or the cgroup's (v2). */
  cgroup: CgroupPath;
  /** The memory cgroup's directory; the same as `cgroup.path` on v2. */
  memoryCgroup: string | undefined;
  /** The cpuset's directory; the same as `cgroup.path` on v2. */
  cpusetCgroup: string | undefined;
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
 * Finds containers that run for a pod, in the order of `names`. Only containers whose first process lives count: after
 * restarts, dead ones of the same name may still be there. Throws StepError `find` that names those it did not find.
 */
export async function findContainers(
  ref: PodRef,
  names: readonly string[],
  runcRoot = RUNC_ROOT,
): Promise<RunningContainer[]> {
  const found = new Map<string, RunningContainer>();
  for (const id of await readdir(runcRoot).catch(() => [])) {
    const state = await readState(path.join(runcRoot, id, 'state.json'));
    const name = state === undefined ? undefined : containerOf(state, ref);
    if (state === undefined || name === undefined || !names.includes(name)) continue;
    if ((await processStartTime(state.init_process_pid)) === state.init_process_start)
      found.set(name, fromState(name, state));
  }
  const missing = names.filter((name) => !found.has(name));
  if (missing.length > 0)
    throw new StepError(
      'find',
      `container ${missing.join(', ')} of pod ${ref.namespace}/${ref.pod} does not run here`,
    );
  return names.flatMap((name) => found.get(name) ?? []);
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

/** The container's name, if it is one of this pod. */
function containerOf(state: RuncState, ref: PodRef): string | undefined {
  const ofPod =
    label(state, 'io.kubernetes.cri.container-type') === 'container' &&
    label(state, 'io.kubernetes.cri.sandbox-uid') === ref.podUid;
  return ofPod ? label(state, 'io.kubernetes.cri.container-name') : undefined;
}

function fromState(name: string, state: RuncState): RunningContainer {
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
  const directory = (controller: string) =>
    cgroup.version === 2 ? cgroup.path : state.cgroup_paths[controller];
  const [memoryCgroup, cpusetCgroup] = [directory('memory'), directory('cpuset')];
  return { name, id: state.id, bundle, initPid: state.init_process_pid, cgroup, memoryCgroup, cpusetCgroup };
}
