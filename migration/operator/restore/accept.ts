import { storeKey } from '../checkpoint/tend.ts';
import { objectionsOf } from '../checks/movable.ts';
import { podDetail } from '../checks/pod-detail.ts';
import { preflightDestination } from '../checks/preflight.ts';
import { findNode } from '../lookup.ts';
import { refused } from '../refused.ts';
import { type Outcome, type Run, type Step, write } from '../run.ts';
import { change, enter } from '../status.ts';
import { readSource } from './source.ts';

/** Pending: makes sure that the checkpoint is sound to its last byte and fits the template, before any pod is made. */
export const acceptRestore: Step = async (run) => {
  const { source, objection } = await readSource(run, 'contents');
  if (!source) return write(refused(run, [objection]));
  // From here on nobody removes it: whoever wants to sees this restore, or has removed it already.
  return run.exclusively(storeKey(`/${source.directory}`), () => begin(run));
};

async function begin(run: Run): Promise<Outcome> {
  const { cluster, migration } = run;
  const { source, objection } = await readSource(run, 'present');
  if (!source) return write(refused(run, [objection]));
  const destHost = migration.spec.destHost ?? '';
  const node = destHost === '' ? undefined : findNode(cluster, destHost);
  const objections =
    destHost === ''
      ? []
      : objectionsOf(preflightDestination(cluster, destHost, node, podDetail.parse(source.template)));
  if (objections.length > 0) return write(refused(run, objections));
  const { manifest, bytes } = source.stored;
  const accepted = change(run.status, {
    sourcePod: manifest.source.pod,
    sourceNode: manifest.node,
    targetNode: node?.metadata.name,
    checkpointPath: `/${source.directory}`,
    bytes,
    error: undefined,
  });
  const message = `starting pods from the checkpoint in /${source.directory}`;
  const status = enter(migration, accepted, 'Restoring', { reason: 'Restoring', message }, run.now());
  return { kind: 'written', migration: await cluster.writeStatus(migration, status) };
}
