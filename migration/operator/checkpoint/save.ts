import type { CheckpointRecord, CheckpointRequest } from '../../contract/agent-api.ts';
import type { Node, Pod } from '../../kube/objects.ts';
import { AgentRefusal } from '../agents.ts';
import { objectionsOf } from '../checks/movable.ts';
import { preflightSave } from '../checks/preflight.ts';
import { podTemplateOf } from '../clone-pod.ts';
import { imagesOf, runningContainers } from '../containers.ts';
import { cancelled } from '../live-migration/undo.ts';
import { busyWith, findPod } from '../lookup.ts';
import { moveNumber } from '../naming.ts';
import { refused } from '../refused.ts';
import { type Outcome, type Run, type Step, wait, write } from '../run.ts';
import { addPhases, change, enter } from '../status.ts';
import { checkpointDirectory } from '../store-path.ts';
import { keeperOf } from './keeper.ts';
import { register } from './register.ts';
import { storeKey } from './tend.ts';

const LOOK_AGAIN_MS = 500;
/** The longest that a dump into memory may keep the pod frozen. */
const FREEZE_MS = 60_000;

/** Pending: answers whether the pod's state can be saved, and takes the pod for it. Nothing is touched yet. */
export const acceptSave: Step = async (run) => {
  const { cluster, migration } = run;
  const { namespace } = migration.metadata;
  const { sourcePod: asked = '', snapshotPath = '' } = migration.spec;
  const pod = await findPod(cluster, namespace, asked);
  return run.exclusively(`${namespace}/${pod?.metadata.name ?? asked}`, async () => {
    const found = pod && (await cluster.readPod(namespace, pod.metadata.name));
    const busy = pod && (await busyWith(run, pod));
    const objections = objectionsOf(await preflightSave(cluster, { asked, found, busyWith: busy }));
    if (!pod || objections.length > 0) return write(refused(run, objections, pod));
    let directory: string;
    try {
      directory = checkpointDirectory(snapshotPath, pod.metadata.name);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return write(refused(run, [{ reason: 'BadSnapshotPath', message }], pod));
    }
    return run.exclusively(storeKey(`/${directory}`), () => take(run, pod, `/${directory}`));
  });
};

/** Takes pod and directory, when nobody else is at the directory: a checkpoint takes the place of the one before. */
async function take(run: Run, pod: Pod, path: string): Promise<Outcome> {
  const { cluster, migration } = run;
  const others = [...cluster.savesTo(path), ...cluster.restoresFrom(path)];
  const [other] = others.filter(({ metadata }) => metadata.uid !== migration.metadata.uid);
  if (other) {
    const { namespace, name } = other.metadata;
    return wait(LOOK_AGAIN_MS, {
      reason: 'PathBusy',
      message: `podmigration ${namespace}/${name} is at ${path}`,
    });
  }
  const accepted = change(run.status, {
    sourcePod: pod.metadata.name,
    sourceUid: pod.metadata.uid,
    sourceNode: pod.spec.nodeName,
    activePod: pod.metadata.name,
    currentRevision: String(moveNumber(pod.metadata.name)),
    checkpointPath: path,
  });
  const message = `saving the state of ${pod.metadata.name} to ${path}`;
  const status = enter(migration, accepted, 'Checkpointing', { reason: 'Checkpointing', message }, run.now());
  return { kind: 'written', migration: await cluster.writeStatus(migration, status) };
}

/** Checkpointing: the node's agent saves the state; a restarted operator asks it how far it is. Deleted, it is called off. */
export const save: Step = async (run) => {
  const { cluster, agents, migration, status } = run;
  const { uid } = migration.metadata;
  const node = cluster.node(status.sourceNode ?? '');
  if (!node) return fail(run, 'checkpoint', `node ${status.sourceNode} left the cluster`);
  try {
    if (cancelled(run)) return await callOff(run, node);
    const known = await agents.checkpoint(node, uid);
    return await judge(run, known.state === 'absent' ? await start(run) : known);
  } catch (error) {
    if (error instanceof AgentRefusal) return fail(run, error.step, error.message, error.criuLog);
    throw error;
  }
};

/** Nothing of it stays: neither a pod that is frozen, nor a checkpoint that nobody would know of. */
async function callOff(run: Run, node: Node): Promise<Outcome> {
  const { cluster, agents, migration, status } = run;
  const reason = 'the podmigration was deleted';
  const { state } = await agents.abortCheckpoint(node, migration.metadata.uid, reason);
  if (state === 'complete') {
    const { checkpointPath: path = '', sourceUid: podUid = '' } = status;
    await agents.removeCheckpoint(keeperOf(cluster), { path, podUid });
  }
  return fail(run, 'cancel', reason);
}

async function start(run: Run): Promise<CheckpointRecord | undefined> {
  const { cluster, agents, migration, status } = run;
  const { namespace, uid } = migration.metadata;
  const node = cluster.node(status.sourceNode ?? '');
  const source = await cluster.readPod(namespace, status.sourcePod ?? '');
  if (!node || !source || source.pod.metadata.uid !== status.sourceUid) return undefined;
  const containers = runningContainers(source.pod);
  const request: CheckpointRequest = {
    source: { namespace, pod: source.pod.metadata.name, podUid: source.pod.metadata.uid },
    containers,
    path: status.checkpointPath ?? '',
    images: imagesOf(source.pod, containers),
    keepPrevious: migration.spec.retention !== undefined,
    hold: false,
    address: 'new',
    deadlineMs: FREEZE_MS,
    template: podTemplateOf(source.document),
  };
  return agents.startCheckpoint(node, uid, request, run.signal);
}

async function judge(run: Run, record: CheckpointRecord | undefined): Promise<Outcome> {
  const { status } = run;
  if (!record) return fail(run, 'checkpoint', `pod ${status.sourcePod} went away`);
  switch (record.state) {
    case 'complete':
      return complete(run, record);
    case 'failed': {
      const { step, message, criuLog } = record.failure ?? {
        step: 'checkpoint',
        message: 'failed',
        criuLog: [],
      };
      return fail(run, step, message, criuLog);
    }
    case 'absent':
    case 'dumping':
    case 'uploading':
      return wait(LOOK_AGAIN_MS);
    case 'held':
    case 'kept':
    case 'released':
      return fail(run, 'checkpoint', `the pod was held, which nobody asked for`);
  }
}

async function complete(run: Run, record: CheckpointRecord): Promise<Outcome> {
  const { status, migration } = run;
  const { metadata } = await register(run, record);
  const saved = change(status, {
    freezeMs: record.freezeMs ?? undefined,
    bytes: record.bytes ?? undefined,
    podCheckpoint: metadata.name,
    phases: addPhases(status.phases, record.timings),
  });
  const message = `saved ${status.sourcePod} to ${status.checkpointPath}, frozen for ${record.freezeMs ?? '?'} ms`;
  return write(enter(migration, saved, 'Succeeded', { reason: 'Saved', message }, run.now()));
}

function fail(run: Run, step: string, message: string, criuLog: readonly string[] = []): Outcome {
  const failed = change(run.status, { error: { step, message, criuLog: [...criuLog] } });
  return write(enter(run.migration, failed, 'Failed', { reason: 'CheckpointFailed', message }, run.now()));
}
