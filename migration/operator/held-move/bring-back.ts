import type { TargetRecord } from '../../contract/agent-api.ts';
import { CHECKPOINT_ANNOTATION } from '../../contract/annotations.ts';
import { destinationOf } from '../../contract/podmigration.ts';
import { isApiError } from '../../kube/client.ts';
import { isPodReady, nodeAddress, type Pod } from '../../kube/objects.ts';
import { AgentRefusal, AgentUnreachable } from '../agents.ts';
import { isDeclaredDead } from '../live-migration/dead-node.ts';
import { LOOK_AGAIN_MS, READY_MS } from '../live-migration/limits.ts';
import { type Placement, place } from '../placement.ts';
import { type Outcome, type Run, type Step, wait, write } from '../run.ts';
import { startProblem, whyNotStarted } from '../start-problem.ts';
import { addPhases, change, enter, phaseUntil } from '../status.ts';
import { heldPath } from './held-move.ts';
import { readPodToMake, removeState } from './state.ts';

/** From a pod being made to its processes running from the state, in ms; past it, it is made anew. */
const ATTEMPT_MS = 90_000;
const UNSCHEDULABLE_MS = 15_000;
/** How long one question to an agent may wait for its answer, in ms. */
const ASK_MS = 3_000;
/** So often the pod is made where it was to go, then as often where it came from, and so on. */
const ATTEMPTS_AT_A_PLACE = 2;

const RELEASE = 'release';
const HAND_OVER = 'hand-over';

/**
 * Committed: the source is removed and killed, and a pod of its name made from its state, until one runs. A pod of that name which
 * started from nothing, where no policy forbids it, gives way.
 */
export const bringBack: Step = async (run) => {
  const { cluster, migration, status } = run;
  const { namespace } = migration.metadata;
  if (status.attempts === undefined) return attempt(run);
  const pod = (await cluster.readPod(namespace, status.sourcePod ?? ''))?.pod;
  const isOther = pod !== undefined && !isMadeFromState(run, pod);
  // Without grace: only so the name is free at once. What is left of the source's processes is frozen, and killed by its agent.
  if (isOther) await cluster.deletePod({ namespace, name: pod.metadata.name, uid: pod.metadata.uid }, 0);
  const released = await release(run);
  if (released) return released;
  if (!pod || isOther) return make(run);
  return pod.metadata.deletionTimestamp ? wait(LOOK_AGAIN_MS) : look(run, pod);
};

const isMadeFromState = ({ migration }: Run, { metadata }: Pod): boolean =>
  metadata.annotations[CHECKPOINT_ANNOTATION] === heldPath(migration.metadata.uid);

/** Kills the source; one that cannot be told stays frozen, and need not be waited for. */
async function release(run: Run): Promise<Outcome | undefined> {
  const { cluster, agents, migration, status } = run;
  const node = cluster.node(status.sourceNode ?? '');
  if (!node || status.phases?.some((phase) => phase.name === RELEASE)) return undefined;
  const began = run.now();
  try {
    await agents.releaseCheckpoint(node, migration.metadata.uid);
  } catch (error) {
    if (error instanceof AgentUnreachable) return undefined;
    // The kubelet was faster: nothing is left to kill.
    if (!(error instanceof AgentRefusal)) throw error;
  }
  const phases = addPhases(status.phases, [phaseUntil(RELEASE, began.toISOString(), run.now())]);
  return write(change(status, { phases }));
}

/** Writes down that the pod is made once more. */
function attempt(run: Run): Outcome {
  const attempts = (run.status.attempts ?? 0) + 1;
  return write(change(run.status, { attempts, attemptedAt: run.now().toISOString() }));
}

/** One that cannot be made now, since somebody was faster, is made after the next look. */
async function make(run: Run): Promise<Outcome> {
  const pod = await readPodToMake(run);
  try {
    const spec = place(pod.spec, placeFor(run), true);
    await run.cluster.createPod({ ...pod, spec });
  } catch (error) {
    if (!isApiError(error, 403) && !isApiError(error, 422)) throw error;
    return wait(LOOK_AGAIN_MS, { reason: 'PodRefused', message: error.message });
  }
  return wait(LOOK_AGAIN_MS);
}

function placeFor({ migration, status }: Run): Placement {
  const isBack = Math.floor(((status.attempts ?? 1) - 1) / ATTEMPTS_AT_A_PLACE) % 2 === 1;
  if (isBack) return { on: status.sourceNode ?? '' };
  const isNamed = destinationOf(migration.spec) !== '';
  return isNamed && status.targetNode ? { on: status.targetNode } : { notOn: [status.sourceNode ?? ''] };
}

async function look(run: Run, pod: Pod): Promise<Outcome> {
  const { cluster, agents, status } = run;
  const elapsed = run.now().getTime() - Date.parse(status.attemptedAt ?? '');
  const node = cluster.node(pod.spec.nodeName);
  const late =
    elapsed > ATTEMPT_MS ? `not running within ${ATTEMPT_MS} ms: ${whyNotStarted(pod)}` : undefined;
  const problem = startProblem(pod, elapsed > UNSCHEDULABLE_MS) ?? late;
  if (!node) return problem === undefined ? wait(LOOK_AGAIN_MS) : again(run, pod, problem);
  const until = ['restored', 'failed', 'refused'] as const;
  let record: TargetRecord;
  try {
    record = await agents.awaitTarget(node, pod.metadata.uid, until, ASK_MS, run.signal);
  } catch (error) {
    // A pod that may run is not made a second time.
    if (!(error instanceof AgentUnreachable) || !isDeclaredDead(node)) throw error;
    return again(run, pod, error.message);
  }
  if (record.state === 'restored') return finish(run, pod, record);
  if (record.state === 'failed' || record.state === 'refused')
    return again(run, pod, record.failure?.message ?? `it was ${record.state}`);
  return problem === undefined ? wait(LOOK_AGAIN_MS) : again(run, pod, problem);
}

/** Gives this pod up for another one: it must not come to run any more when its agent can be asked that. */
async function again(run: Run, pod: Pod, why: string): Promise<Outcome> {
  const { cluster, agents } = run;
  const node = cluster.node(pod.spec.nodeName);
  if (node && !isDeclaredDead(node)) {
    const { state } = await agents.abortTarget(node, pod.metadata.uid, why);
    if (state === 'restored') return wait(0);
  }
  const { namespace, name, uid } = pod.metadata;
  await cluster.deletePod({ namespace, name, uid }, 0);
  return attempt(run);
}

async function finish(run: Run, pod: Pod, record: TargetRecord): Promise<Outcome> {
  const { migration, status } = run;
  const { nodeName } = pod.spec;
  const handed = await handOver(run, pod);
  if (handed) return handed;
  const now = run.now();
  const late = now.getTime() - Date.parse(status.committedAt ?? '') > READY_MS;
  if (!isPodReady(pod) && !late) return wait(LOOK_AGAIN_MS);
  await removeState(run);
  const phases = addPhases(status.phases, record.timings);
  const done = change(status, {
    targetUid: pod.metadata.uid,
    targetNode: nodeName,
    freezeMs: frozenMs(phases),
    phases,
  });
  const message = `moved ${status.sourcePod} from ${status.sourceNode} to ${nodeName} under its name, frozen for ${done.freezeMs ?? '?'} ms`;
  return write(enter(migration, done, 'Succeeded', { reason: 'Moved', message }, now));
}

/** Has what is held for the address of the pod at its source's node sent to where it runs, unless that was done. */
async function handOver(
  { cluster, agents, migration, status, now }: Run,
  pod: Pod,
): Promise<Outcome | undefined> {
  const [source, target] = [cluster.node(status.sourceNode ?? ''), cluster.node(pod.spec.nodeName)];
  const isDone = status.address !== 'keep' || status.phases?.some((phase) => phase.name === HAND_OVER);
  if (isDone || !source || !target || isDeclaredDead(source)) return undefined;
  const began = now();
  await agents.handOverCheckpoint(source, migration.metadata.uid, { via: nodeAddress(target) });
  return write(
    change(status, { phases: addPhases(status.phases, [phaseUntil(HAND_OVER, began.toISOString(), now())]) }),
  );
}

/** From the source's freeze to the pod's processes running again; by the clocks of two nodes. */
function frozenMs(phases: ReturnType<typeof addPhases>): number | undefined {
  const starts = phases.filter((p) => p.name === 'freeze').map((p) => Date.parse(p.startedAt));
  const ends = phases
    .filter((p) => ['restore', 'start', 'resume'].includes(p.name))
    .map((p) => Date.parse(p.startedAt) + p.ms);
  return starts.length > 0 && ends.length > 0
    ? Math.round(Math.max(...ends) - Math.min(...starts))
    : undefined;
}
