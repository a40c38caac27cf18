import type { CheckpointRecord } from '../../contract/agent-api.ts';
import { AgentRefusal } from '../agents.ts';
import { objectionsOf } from '../checks/movable.ts';
import { preflightSave } from '../checks/preflight.ts';
import { podTemplateOf } from '../clone-pod.ts';
import { busyWith, findPod } from '../lookup.ts';
import { refused } from '../refused.ts';
import { type Outcome, type Run, type Step, wait, write } from '../run.ts';
import { addPhases, change, enter } from '../status.ts';
import { checkpointDirectory } from '../store-path.ts';

const LOOK_AGAIN_MS = 500;

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
    if (!pod || objections.length > 0) return write(refused(run, objections));
    let directory: string;
    try {
      directory = checkpointDirectory(snapshotPath, pod.metadata.name);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return write(refused(run, [{ reason: 'BadSnapshotPath', message }]));
    }
    const accepted = change(run.status, {
      sourcePod: pod.metadata.name,
      sourceUid: pod.metadata.uid,
      sourceNode: pod.spec.nodeName,
      activePod: pod.metadata.name,
      checkpointPath: `/${directory}`,
    });
    const message = `saving the state of ${pod.metadata.name} to /${directory}`;
    const status = enter(
      migration,
      accepted,
      'Checkpointing',
      { reason: 'Checkpointing', message },
      run.now(),
    );
    return { kind: 'written', migration: await cluster.writeStatus(migration, status) } satisfies Outcome;
  });
};

/** Checkpointing: the node's agent saves the state; a restarted operator asks it how far it is. */
export const save: Step = async (run) => {
  const { cluster, agents, migration, status } = run;
  const { uid } = migration.metadata;
  const node = cluster.node(status.sourceNode ?? '');
  if (!node) return fail(run, 'checkpoint', `node ${status.sourceNode} left the cluster`);
  try {
    const known = await agents.checkpoint(node, uid);
    return judge(run, known.state === 'absent' ? await start(run) : known);
  } catch (error) {
    if (error instanceof AgentRefusal) return fail(run, error.step, error.message, error.criuLog);
    throw error;
  }
};

async function start(run: Run): Promise<CheckpointRecord | undefined> {
  const { cluster, agents, migration, status } = run;
  const { namespace, uid } = migration.metadata;
  const node = cluster.node(status.sourceNode ?? '');
  const source = await cluster.readPod(namespace, status.sourcePod ?? '');
  const container = source?.pod.spec.containers[0];
  if (!node || !source || !container || source.pod.metadata.uid !== status.sourceUid) return undefined;
  const request = {
    source: {
      namespace,
      pod: source.pod.metadata.name,
      podUid: source.pod.metadata.uid,
      container: container.name,
    },
    path: (status.checkpointPath ?? '').replace(/^\//, ''),
    image: container.image,
    template: podTemplateOf(source.document),
  };
  return agents.startCheckpoint(node, uid, request, run.signal);
}

function judge(run: Run, record: CheckpointRecord | undefined): Outcome {
  const { status, migration } = run;
  if (!record) return fail(run, 'checkpoint', `pod ${status.sourcePod} went away`);
  switch (record.state) {
    case 'complete': {
      const saved = change(status, {
        freezeMs: record.freezeMs ?? undefined,
        bytes: record.bytes ?? undefined,
        phases: addPhases(status.phases, record.timings),
      });
      const message = `saved ${status.sourcePod} to ${status.checkpointPath}, frozen for ${record.freezeMs ?? '?'} ms`;
      return write(enter(migration, saved, 'Succeeded', { reason: 'Saved', message }, run.now()));
    }
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
  }
}

function fail(run: Run, step: string, message: string, criuLog: readonly string[] = []): Outcome {
  const failed = change(run.status, { error: { step, message, criuLog: [...criuLog] } });
  return write(enter(run.migration, failed, 'Failed', { reason: 'CheckpointFailed', message }, run.now()));
}
