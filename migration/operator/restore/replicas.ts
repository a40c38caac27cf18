import {
  MIGRATING_POD_LABEL,
  PODMIGRATION_API_VERSION,
  PODMIGRATION_KIND,
  type PodmigrationStatus,
  type Replica,
} from '../../contract/podmigration.ts';
import { isApiError } from '../../kube/client.ts';
import type { Pod } from '../../kube/objects.ts';
import { podFromCheckpoint } from '../clone-pod.ts';
import { baseName, restoredPodName } from '../naming.ts';
import { refused } from '../refused.ts';
import { done, type Outcome, type Run, type Step, wait, write } from '../run.ts';
import { startProblem, whyNotStarted } from '../start-problem.ts';
import { addPhases, change, enter, phaseUntil } from '../status.ts';
import { readSource, type Source } from './source.ts';

/** How long a pod may take from made to running from its checkpoint, in ms. */
const RESTORE_MS = 120_000;
const UNSCHEDULABLE_MS = 15_000;
const LOOK_AGAIN_MS = 500;
/** How long one question to an agent may wait for its answer. */
const ASK_MS = 3_000;

/**
 * Restoring: brings the number of pods to what the spec asks for and each one to run from the checkpoint. Names are
 * written down before pods are made, so that a restart makes none twice.
 */
export const restoreReplicas: Step = async (run) => {
  const wanted = run.migration.spec.replicas ?? 1;
  const replicas = run.status.replicas ?? [];
  const gone = await findGone(run, replicas);
  if (gone.length > 0)
    return write(
      withReplicas(
        run.status,
        replicas.filter((r) => !gone.includes(r)),
      ),
    );
  if (replicas.length < wanted) return addReplicas(run, wanted - replicas.length);
  if (replicas.length > wanted) return removeYoungest(run);
  const creating = replicas.filter((r) => r.state === 'Creating');
  if (creating.length > 0) return restore(run, creating);
  return settle(run, replicas);
};

/**
 * Succeeded or Failed: removes pods that will never start, and goes back to work when the spec asks for another number
 * or a pod has vanished.
 */
export const watchReplicas: Step = async (run) => {
  const { migration, status } = run;
  for (const replica of (status.replicas ?? []).filter((r) => r.state === 'Failed'))
    await remove(run, replica);
  const changed = migration.metadata.generation !== status.observedGeneration;
  const vanished = status.state === 'Succeeded' && (await findGone(run, status.replicas ?? [])).length > 0;
  if (!changed && !vanished) return done;
  const state = status.checkpointPath === undefined ? 'Pending' : 'Restoring';
  const kept = (status.replicas ?? []).filter((r) => r.state !== 'Failed');
  const again = change(withReplicas(status, kept), { error: undefined, startedAt: run.now().toISOString() });
  const message = changed ? 'the spec was changed' : 'a restored pod is gone';
  return write(enter(migration, again, state, { reason: state, message }, run.now()));
};

/** Restored pods that do not exist any more, also not by the word of the API server. */
async function findGone(run: Run, replicas: readonly Replica[]): Promise<Replica[]> {
  const { namespace } = run.migration.metadata;
  const gone: Replica[] = [];
  for (const replica of replicas) {
    if (replica.state !== 'Restored' || run.cluster.pod(namespace, replica.name)) continue;
    if (!(await run.cluster.readPod(namespace, replica.name))) gone.push(replica);
  }
  return gone;
}

async function addReplicas(run: Run, count: number): Promise<Outcome> {
  const { source, objection } = await readSource(run, 'contents');
  if (!source) return write(refused(run, [objection]));
  const base = baseName(source.template.metadata.name ?? run.migration.metadata.name);
  const first = (run.status.lastNumber ?? 0) + 1;
  const added = Array.from({ length: count }, (_, i): Replica => {
    const number = first + i;
    return { name: restoredPodName(base, number), number, state: 'Creating' };
  });
  const replicas = [...(run.status.replicas ?? []), ...added];
  return write(change(withReplicas(run.status, replicas), { lastNumber: first + count - 1 }));
}

async function removeYoungest(run: Run): Promise<Outcome> {
  const [youngest, ...others] = [...(run.status.replicas ?? [])].sort((a, b) => b.number - a.number);
  if (youngest) await remove(run, youngest);
  return write(withReplicas(run.status, others.reverse()));
}

async function remove(run: Run, replica: Replica): Promise<void> {
  const { namespace } = run.migration.metadata;
  const pod = (await run.cluster.readPod(namespace, replica.name))?.pod;
  if (!pod || !isOurs(run, pod)) return;
  await run.cluster.deletePod({ namespace, name: pod.metadata.name, uid: pod.metadata.uid }, 1);
}

/** One round over the pods that do not run yet: make them, ask their agents; write down what has changed. */
async function restore(run: Run, creating: readonly Replica[]): Promise<Outcome> {
  const missing = creating.filter((r) => !run.cluster.pod(run.migration.metadata.namespace, r.name));
  if (missing.length > 0) {
    const { source, objection } = await readSource(run, 'contents');
    if (!source) return write(refused(run, [objection]));
    for (const replica of missing) {
      const problem = await create(run, source, replica);
      if (problem !== undefined) return write(failed(run, replica, 'create', problem));
    }
    return wait(LOOK_AGAIN_MS);
  }
  const results = await Promise.all(creating.map((replica) => look(run, replica)));
  const failure = results.find((r) => r.failure !== undefined);
  if (failure?.failure) {
    const { step, message, criuLog } = failure.failure;
    return write(failed(run, failure.replica, step, message, criuLog));
  }
  const news = new Map(
    results.filter((r) => r.replica.state === 'Restored').map((r) => [r.replica.name, r.replica]),
  );
  if (news.size === 0) return wait(LOOK_AGAIN_MS);
  return write(
    withReplicas(
      run.status,
      (run.status.replicas ?? []).map((r) => news.get(r.name) ?? r),
    ),
  );
}

async function create(run: Run, source: Source, replica: Replica): Promise<string | undefined> {
  const { cluster, migration, status } = run;
  const { name, namespace, uid } = migration.metadata;
  const owner = {
    apiVersion: PODMIGRATION_API_VERSION,
    kind: PODMIGRATION_KIND,
    name,
    uid,
    controller: true,
  };
  const manifest = podFromCheckpoint(
    source.template,
    { name: replica.name, namespace, labels: { [MIGRATING_POD_LABEL]: name }, owner },
    { directory: source.directory, containers: source.stored.manifest.containers },
    migration.spec.destHost && status.targetNode !== undefined ? { on: status.targetNode } : {},
  );
  try {
    if (await cluster.createPod(manifest)) return undefined;
  } catch (error) {
    if (!isApiError(error, 403) && !isApiError(error, 422)) throw error;
    return error.message;
  }
  const existing = (await cluster.readPod(namespace, replica.name))?.pod;
  return existing && !isOurs(run, existing) ? `there is another pod named ${replica.name}` : undefined;
}

interface Look {
  replica: Replica;
  failure?: { step: string; message: string; criuLog: readonly string[] };
}

async function look(run: Run, replica: Replica): Promise<Look> {
  const { cluster, agents, migration, status } = run;
  const pod = cluster.pod(migration.metadata.namespace, replica.name);
  if (!pod) return { replica };
  if (!isOurs(run, pod)) {
    return {
      replica,
      failure: { step: 'create', message: `there is another pod named ${replica.name}`, criuLog: [] },
    };
  }
  const elapsed = run.now().getTime() - Date.parse(status.startedAt ?? '');
  const late =
    elapsed > RESTORE_MS ? `not running within ${RESTORE_MS} ms: ${whyNotStarted(pod)}` : undefined;
  const problem = startProblem(pod, elapsed > UNSCHEDULABLE_MS) ?? late;
  if (problem !== undefined) return { replica, failure: { step: 'prepare', message: problem, criuLog: [] } };
  const node = cluster.node(pod.spec.nodeName);
  if (!node) return { replica };
  const record = await agents.awaitTarget(
    node,
    pod.metadata.uid,
    ['restored', 'failed', 'refused'],
    ASK_MS,
    run.signal,
  );
  if (record.state === 'restored') {
    const restoreMs = Math.round(record.timings.reduce((sum, t) => sum + t.ms, 0));
    return { replica: { ...replica, state: 'Restored', node: pod.spec.nodeName, restoreMs } };
  }
  if (record.state !== 'failed' && record.state !== 'refused') return { replica };
  const failure = record.failure ?? {
    step: 'restore',
    message: `pod ${replica.name} was not restored`,
    criuLog: [],
  };
  return { replica, failure };
}

function isOurs(run: Run, pod: Pod): boolean {
  return pod.metadata.ownerReferences.some((owner) => owner.uid === run.migration.metadata.uid);
}

function failed(
  run: Run,
  replica: Replica,
  step: string,
  message: string,
  criuLog: readonly string[] = [],
): PodmigrationStatus {
  const replicas = (run.status.replicas ?? []).map((r) =>
    r.name === replica.name ? { ...r, state: 'Failed' as const } : r,
  );
  const status = change(withReplicas(run.status, replicas), {
    error: { step, message, criuLog: [...criuLog] },
  });
  return enter(run.migration, status, 'Failed', { reason: 'RestoreFailed', message }, run.now());
}

function settle(run: Run, replicas: readonly Replica[]): Outcome {
  const { migration, status, cluster } = run;
  const now = run.now();
  // A pod counts for others once the kubelet has reported it; that follows the restore within a moment.
  const unreported = replicas.some(
    (r) => cluster.pod(migration.metadata.namespace, r.name)?.status.phase !== 'Running',
  );
  const late = now.getTime() - Date.parse(status.startedAt ?? '') > RESTORE_MS;
  if (unreported && !late) return wait(LOOK_AGAIN_MS);
  const settled = change(withReplicas(status, replicas), {
    activePod: replicas[0]?.name,
    currentRevision: String(status.lastNumber ?? 0),
    targetPod: replicas[0]?.name,
    targetNode: status.targetNode ?? replicas[0]?.node,
    phases: addPhases(status.phases, [phaseUntil('restore', status.startedAt, now)]),
  });
  const pods = replicas.length === 1 ? '1 pod runs' : `${replicas.length} pods run`;
  const message = `${pods} from the checkpoint in ${status.checkpointPath}`;
  return write(enter(migration, settled, 'Succeeded', { reason: 'Restored', message }, now));
}

function withReplicas(status: PodmigrationStatus, replicas: readonly Replica[]): PodmigrationStatus {
  const running = replicas.filter((r) => r.state === 'Restored').map((r) => r.name);
  return change(status, { replicas: [...replicas], restoredPods: running });
}
