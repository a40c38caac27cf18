import { z } from 'zod';
import type {
  CheckpointManifest,
  StoredCheckpoint,
  StoredCheckpointQuery,
} from '../../contract/agent-api.ts';
import { belongsElsewhere } from '../../contract/checkpoint-owner.ts';
import { AgentRefusal } from '../agents.ts';
import { keeperOf } from '../checkpoint/keeper.ts';
import { type PodTemplate, podTemplate } from '../clone-pod.ts';
import type { Reason, Run } from '../run.ts';
import { storePath } from '../store-path.ts';
import { misfit } from './misfit.ts';

/** What a restore works from. */
export interface Source {
  /** The pod's checkpoint, relative to the store's root. */
  directory: string;
  stored: StoredCheckpoint;
  template: PodTemplate;
}

/** The one or the other. */
export type SourceOrObjection =
  | { source: Source; objection?: undefined }
  | { source?: undefined; objection: Reason };

/**
 * The checkpoint and the pod to make of it, or what is wrong with them. `contents` compares every byte that was not compared
 * since it was last changed: of a large checkpoint that takes a while, the first time.
 */
export async function readSource(
  run: Run,
  check: StoredCheckpointQuery['check'],
): Promise<SourceOrObjection> {
  const { cluster, agents, migration } = run;
  let directory: string;
  try {
    directory = storePath(migration.spec.snapshotPath ?? '');
  } catch (error) {
    return object('BadSnapshotPath', error instanceof Error ? error.message : String(error));
  }
  let stored: StoredCheckpoint;
  try {
    stored = await agents.storedCheckpoint(keeperOf(cluster), { path: directory, check });
  } catch (error) {
    if (!(error instanceof AgentRefusal) || error.code >= 500) throw error;
    return object(error.code === DAMAGED ? 'DamagedCheckpoint' : 'NoCheckpoint', error.message);
  }
  const { manifest } = stored;
  const elsewhere = belongsElsewhere(manifest.source.namespace, migration.metadata.namespace, directory);
  if (elsewhere !== undefined) return object('OtherNamespace', elsewhere);
  const parsed = podTemplate.safeParse(migration.spec.template ?? manifest.template ?? imagesOnly(manifest));
  if (!parsed.success) {
    return object('BadTemplate', `the template is no pod template: ${z.prettifyError(parsed.error)}`);
  }
  const problem = misfit(parsed.data, manifest, 'template');
  if (problem !== undefined) return object('TemplateMisfit', problem);
  return { source: { directory, stored, template: parsed.data } };
}

const DAMAGED = 422;

const object = (reason: string, message: string): SourceOrObjection => ({ objection: { reason, message } });

/** A checkpoint that remembers no pod still says what ran where. */
function imagesOnly({ containers, images }: CheckpointManifest): object {
  const container = (name: string) => ({ name, image: images[name] ?? '', imagePullPolicy: 'IfNotPresent' });
  return { spec: { containers: containers.map(container) } };
}
