import type { PhaseTiming } from '../../contract/agent-api.ts';
import type { Pod } from '../../kube/objects.ts';
import { AgentUnreachable } from '../agents.ts';
import { type Outcome, type Run, type Step, wait, write } from '../run.ts';
import { addPhases, change, enter, phaseUntil } from '../status.ts';
import { isDeclaredDead } from './dead-node.ts';
import { LOOK_AGAIN_MS, READY_MS } from './limits.ts';

/** What an agent that saw the target run knows of the move. */
export interface MoveResult {
  timings: readonly PhaseTiming[];
  freezeMs?: number | null;
  bytes?: number | null;
}

/** The commit: this one write, refused if the object changed meanwhile, makes the target the pod. */
export function commit(run: Run, result: MoveResult): Outcome {
  const { status, migration } = run;
  const now = run.now();
  const committed = change(withResult(run, result), {
    activePod: status.targetPod,
    committedAt: now.toISOString(),
    error: undefined,
  });
  const message = `${status.targetPod} runs on ${status.targetNode}; ${status.sourcePod} is being removed`;
  return write(enter(migration, committed, 'Committed', { reason: 'Committed', message }, now));
}

function withResult(run: Run, { timings, freezeMs, bytes }: MoveResult) {
  return change(run.status, {
    freezeMs: freezeMs ?? run.status.freezeMs,
    bytes: bytes ?? run.status.bytes,
    phases: addPhases(run.status.phases, timings),
  });
}

const RELEASE = 'release';

/**
 * Committed: removes the source, which stays frozen until it is killed, and waits until it is gone. The API server
 * hears of the deletion first: a kubelet that saw the processes end before would start them again.
 */
export const finish: Step = async (run) => {
  const { status } = run;
  return status.phases?.some((phase) => phase.name === RELEASE) ? waitUntilGone(run) : release(run);
};

async function release(run: Run): Promise<Outcome> {
  const { cluster, agents, migration, status } = run;
  const { namespace, uid } = migration.metadata;
  const began = run.now();
  const source = { namespace, name: status.sourcePod ?? '', uid: status.sourceUid ?? '' };
  await cluster.deletePod(source, 1);
  const node = cluster.node(status.sourceNode ?? '');
  let result: MoveResult = { timings: [] };
  try {
    if (node) result = await agents.release(node, uid);
  } catch (error) {
    // Once the kubelet has removed the pod, or the node is known to be dead, nothing of it can run.
    const gone = (await isGone(run)) || (node && isDeclaredDead(node));
    if (!(error instanceof AgentUnreachable) || !gone) throw error;
  }
  const phases = addPhases(withResult(run, result).phases, [
    phaseUntil('commit', status.committedAt, began),
    phaseUntil(RELEASE, began.toISOString(), run.now()),
  ]);
  return write(change(withResult(run, result), { phases }));
}

async function waitUntilGone(run: Run): Promise<Outcome> {
  const { cluster, migration, status } = run;
  const now = run.now();
  const target = cluster.pod(migration.metadata.namespace, status.targetPod ?? '');
  const late = now.getTime() - Date.parse(status.committedAt ?? '') > READY_MS;
  const settled = late || (target !== undefined && isReady(target));
  if (!settled || !(await isGone(run))) return wait(LOOK_AGAIN_MS);
  const message = `moved ${status.sourcePod} from ${status.sourceNode} to ${status.targetNode} as ${status.targetPod}, frozen for ${status.freezeMs ?? '?'} ms`;
  return write(enter(migration, status, 'Succeeded', { reason: 'Moved', message }, now));
}

async function isGone(run: Run): Promise<boolean> {
  const { cluster, migration, status } = run;
  const { namespace } = migration.metadata;
  const name = status.sourcePod ?? '';
  // The cache answers most questions; only its "gone" is worth asking the API server about.
  if (cluster.pod(namespace, name)?.metadata.uid === status.sourceUid) return false;
  const now = await cluster.readPod(namespace, name);
  return now?.pod.metadata.uid !== status.sourceUid;
}

function isReady(pod: Pod): boolean {
  return pod.status.conditions.some((c) => c.type === 'Ready' && c.status === 'True');
}
