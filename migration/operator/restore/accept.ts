import { z } from 'zod';
import type { CheckpointManifest } from '../../contract/agent-api.ts';
import { isControlPlane } from '../../kube/objects.ts';
import { AgentRefusal } from '../agents.ts';
import { objectionsOf } from '../checks/movable.ts';
import { podDetail } from '../checks/pod-detail.ts';
import { preflightDestination } from '../checks/preflight.ts';
import { type PodTemplate, podTemplate } from '../clone-pod.ts';
import { findNode } from '../lookup.ts';
import { refused } from '../refused.ts';
import { type Reason, type Run, type Step, write } from '../run.ts';
import { change, enter } from '../status.ts';
import { storePath } from '../store-path.ts';

/** What a restore works from. */
export interface Source {
  /** The pod's checkpoint, relative to the store's root. */
  directory: string;
  manifest: CheckpointManifest;
  template: PodTemplate;
}

/** Pending: makes sure that the checkpoint is there and fits the template, before any pod is made. */
export const acceptRestore: Step = async (run) => {
  const { cluster, migration } = run;
  const destHost = migration.spec.destHost ?? '';
  const node = destHost === '' ? undefined : findNode(cluster, destHost);
  const { source, objection } = await readSource(run);
  const objections = [
    ...(objection ? [objection] : []),
    ...(source && destHost !== ''
      ? objectionsOf(preflightDestination(cluster, destHost, node, podDetail.parse(source.template)))
      : []),
  ];
  if (!source || objections.length > 0) return write(refused(run, objections));
  const accepted = change(run.status, {
    sourcePod: source.manifest.source.pod,
    sourceNode: source.manifest.node,
    targetNode: node?.metadata.name,
    checkpointPath: `/${source.directory}`,
    bytes: source.manifest.files.reduce((sum, file) => sum + file.bytes, 0),
    error: undefined,
  });
  const message = `starting pods from the checkpoint in /${source.directory}`;
  return write(enter(migration, accepted, 'Restoring', { reason: 'Restoring', message }, run.now()));
};

/** The one or the other. */
export type SourceOrObjection =
  | { source: Source; objection?: undefined }
  | { source?: undefined; objection: Reason };

/** The checkpoint and the pod to make of it, or what is wrong with them. */
export async function readSource(run: Run): Promise<SourceOrObjection> {
  const { cluster, agents, migration } = run;
  let directory: string;
  try {
    directory = storePath(migration.spec.snapshotPath ?? '');
  } catch (error) {
    return object('BadSnapshotPath', error instanceof Error ? error.message : String(error));
  }
  const keeper = cluster.nodes().find(isControlPlane);
  if (!keeper) throw new Error('no node is labelled as control plane: the store has no keeper');
  let manifest: CheckpointManifest;
  try {
    manifest = await agents.manifest(keeper, directory);
  } catch (error) {
    if (!(error instanceof AgentRefusal)) throw error;
    return object('NoCheckpoint', `there is no usable checkpoint in /${directory}: ${error.message}`);
  }
  const parsed = podTemplate.safeParse(migration.spec.template ?? manifest.template ?? imageOnly(manifest));
  if (!parsed.success) {
    return object('BadTemplate', `the template is no pod template: ${z.prettifyError(parsed.error)}`);
  }
  const problem = misfit(parsed.data, manifest);
  if (problem !== undefined) return object('TemplateMisfit', problem);
  return { source: { directory, manifest, template: parsed.data } };
}

const object = (reason: string, message: string): SourceOrObjection => ({ objection: { reason, message } });

/** A checkpoint that remembers no pod still says what ran where. */
function imageOnly({ source, image }: CheckpointManifest): object {
  return { spec: { containers: [{ name: source.container, image, imagePullPolicy: 'IfNotPresent' }] } };
}

/** A state only goes into a container of its own name and image: another program would not know what to do with it. */
function misfit(template: PodTemplate, { source, image }: CheckpointManifest): string | undefined {
  const { containers } = template.spec;
  const [container] = containers;
  if (containers.length > 1) return 'the template has several containers; so far only one can be restored';
  if (container?.name !== source.container) {
    return `the checkpoint holds container ${source.container}, the template has ${container?.name}`;
  }
  if (container.image !== image) {
    return `the checkpoint was taken from image ${image}, the template has ${container.image}`;
  }
  return undefined;
}
