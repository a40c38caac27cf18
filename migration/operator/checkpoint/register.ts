import type { CheckpointManifest, CheckpointRecord } from '../../contract/agent-api.ts';
import type { PodCheckpoint, PodCheckpointSpec } from '../../contract/podcheckpoint.ts';
import { controllerOf, type Pod } from '../../kube/objects.ts';
import { AgentRefusal } from '../agents.ts';
import { checkpointName, originOf } from '../naming.ts';
import type { Run } from '../run.ts';
import { keeperOf } from './keeper.ts';
import { retentionGroup, superfluous } from './retention.ts';
import { lookAfter } from './tend.ts';

/**
 * Makes the object of a checkpoint that an agent says is complete, and sees to those that it replaces: each of this may be
 * done again after a crash. Throws AgentRefusal when the keeper does not find on the store what the agent wrote.
 */
export async function register(run: Run, record: CheckpointRecord): Promise<PodCheckpoint> {
  const { cluster, agents, migration, status } = run;
  const path = status.checkpointPath ?? '';
  const stored = await agents.storedCheckpoint(keeperOf(cluster), { path, check: 'present' });
  if (stored.sha256 !== record.sha256)
    throw new AgentRefusal(`what stands in ${path} is not what was written there`, 422, 'store', []);
  const pod = cluster.pod(migration.metadata.namespace, status.sourcePod ?? '');
  const name = checkpointName(stored.manifest.source.pod, migration.metadata.uid);
  const spec = specOf(run, stored.manifest, pod);
  const made = await cluster.checkpoints.create(migration.metadata.namespace, name, spec);
  if (made.spec.migration.uid !== migration.metadata.uid)
    throw new AgentRefusal(`there is another podcheckpoint ${name}`, 409, 'register', []);
  for (const one of cluster.checkpoints.writtenTo(path)) await lookAfter(run, one);
  await retain(run, made);
  return made;
}

function specOf(run: Run, manifest: CheckpointManifest, pod: Pod | undefined): PodCheckpointSpec {
  const { name, uid } = run.migration.metadata;
  const { source, containers, images, node, createdAt } = manifest;
  const owner = pod && controllerOf(pod);
  return {
    path: run.status.checkpointPath ?? '',
    pod: source.pod,
    podUid: source.podUid,
    line: pod ? originOf(pod) : source.pod,
    containers: containers.map((container) => ({ name: container, image: images[container] ?? '' })),
    node,
    createdAt,
    ...(owner && { owner: { kind: owner.kind, name: owner.name } }),
    migration: { name, uid },
  };
}

/** Deletes what the new checkpoint makes superfluous; their objects see to the store. */
async function retain(run: Run, newest: PodCheckpoint): Promise<void> {
  const { retention } = run.migration.spec;
  if (retention === undefined) return;
  const all = run.cluster.checkpoints.writtenTo(newest.spec.path).map(retained);
  for (const { checkpoint } of superfluous(all, retained(newest), retention, run.now()))
    await run.cluster.checkpoints.remove(checkpoint);
}

function retained(checkpoint: PodCheckpoint) {
  const { path, line, createdAt } = checkpoint.spec;
  return { checkpoint, createdAt, group: retentionGroup(checkpoint.metadata.namespace, line, path) };
}
