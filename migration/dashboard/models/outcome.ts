import { isFinal, type MigrationState } from '../../contract/podmigration.ts';
import type { MigrationView } from '../../contract/rest-views.ts';

/** How a migration stands, as few words and one of five colours. */

export const OUTCOMES = ['active', 'succeeded', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export type Tone = 'quiet' | 'busy' | 'good' | 'bad' | 'careful';

const TONES: Readonly<Record<MigrationState, Tone>> = {
  Pending: 'quiet',
  Preparing: 'busy',
  Moving: 'busy',
  RollingBack: 'careful',
  Committed: 'busy',
  Checkpointing: 'busy',
  Restoring: 'busy',
  Succeeded: 'good',
  Failed: 'bad',
};

export function stateOf({ status }: MigrationView): MigrationState {
  return status.state ?? 'Pending';
}

export function toneOf(state: MigrationState): Tone {
  return TONES[state];
}

export function outcomeOf(migration: MigrationView): Outcome {
  const state = stateOf(migration);
  if (!isFinal(state)) return 'active';
  return state === 'Succeeded' ? 'succeeded' : 'failed';
}

/** What people call a state; RollingBack is two words. */
export function stateText(migration: MigrationView): string {
  const state = stateOf(migration);
  if (migration.metadata.deletionTimestamp !== undefined && !isFinal(state) && state !== 'RollingBack')
    return 'Cancelling';
  return state === 'RollingBack' ? 'Rolling back' : state;
}

/** Whether deleting the object still calls the work off: not after the commit. */
export function isCancellable(migration: MigrationView): boolean {
  const state = stateOf(migration);
  return (
    migration.metadata.deletionTimestamp === undefined &&
    !isFinal(state) &&
    state !== 'Committed' &&
    state !== 'RollingBack'
  );
}

/** What it is about, in one line: the pod and where it goes, or the checkpoint. */
export interface Route {
  subject: string;
  from: string | undefined;
  to: string | undefined;
}

export function routeOf({ metadata, spec, status }: MigrationView): Route {
  if (spec.action === 'live-migration') {
    const subject = status.sourcePod ?? spec.sourcePod ?? metadata.name;
    return { subject, from: status.sourceNode, to: status.targetNode ?? (spec.destHost || undefined) };
  }
  if (spec.action === 'checkpoint') {
    const subject = status.sourcePod ?? spec.sourcePod ?? metadata.name;
    return { subject, from: status.sourceNode, to: status.checkpointPath ?? spec.snapshotPath };
  }
  return {
    subject: metadata.name,
    from: spec.snapshotPath,
    to: nodesOf(status) ?? (spec.destHost || undefined),
  };
}

/** Where the pods of a restore are, each node once. */
function nodesOf({ replicas = [], targetNode }: MigrationView['status']): string | undefined {
  const nodes = replicas.flatMap(({ node }) => node ?? []);
  return nodes.length > 0 ? [...new Set(nodes)].join(', ') : targetNode;
}

/** When it was asked for, in ms since the epoch; 0 where nobody says. */
export function createdAt({ metadata, status }: MigrationView): number {
  return Date.parse(metadata.creationTimestamp ?? status.startedAt ?? '') || 0;
}
