import type { PodmigrationStatus } from '../../contract/podmigration.ts';
import { type MigrationView, migrationView, type NodeView, type PodView } from '../../contract/rest-views.ts';

/** Objects for tests; only what a test is about has to be said. */

export const START = Date.parse('2026-01-01T12:00:00.000Z');
export const at = (ms: number): string => new Date(START + ms).toISOString();

export function migration(
  name: string,
  spec: Partial<MigrationView['spec']> = {},
  status: PodmigrationStatus = {},
  metadata: Partial<MigrationView['metadata']> = {},
): MigrationView {
  return migrationView.parse({
    metadata: {
      name,
      namespace: 'samples',
      uid: `uid-${name}`,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: at(0),
      ...metadata,
    },
    spec: { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2', ...spec },
    status,
  });
}

export function pod(name: string, on: string, more: Partial<PodView> = {}): PodView {
  return {
    namespace: 'samples',
    name,
    uid: `uid-${name}`,
    node: on,
    phase: 'Running',
    ready: true,
    deleting: false,
    labels: {},
    containers: [{ name: 'main', image: 'tick' }],
    restarts: 0,
    movable: { likely: true, reasons: [] },
    ...more,
  };
}

export function node(name: string, more: Partial<NodeView> = {}): NodeView {
  return {
    name,
    uid: `uid-${name}`,
    ready: true,
    schedulable: true,
    controlPlane: name === 'master',
    roles: [],
    hostname: name,
    taints: [],
    allocatable: {},
    ...more,
  };
}

/** A small pod's move as it was measured once: 180 ms of freeze in 1892 ms. */
export const MOVED: PodmigrationStatus = {
  state: 'Succeeded',
  sourcePod: 'tick',
  sourceNode: 'worker1',
  targetPod: 'tick-migration-1',
  targetNode: 'worker2',
  startedAt: at(0),
  moveStartedAt: at(760),
  committedAt: at(1010),
  finishedAt: at(1892),
  freezeMs: 180,
  totalMs: 1892,
  bytes: 5_033_164,
  phases: [
    { name: 'prepare', startedAt: at(0), ms: 760 },
    { name: 'freeze', startedAt: at(800), ms: 6 },
    { name: 'dump', startedAt: at(806), ms: 81 },
    { name: 'move', startedAt: at(887), ms: 4 },
    { name: 'fetch', startedAt: at(795), ms: 100 },
    { name: 'restore', startedAt: at(895), ms: 60 },
    { name: 'start', startedAt: at(955), ms: 5 },
    { name: 'resume', startedAt: at(970), ms: 10 },
    { name: 'commit', startedAt: at(1010), ms: 90 },
    { name: 'release', startedAt: at(1100), ms: 300 },
  ],
};
