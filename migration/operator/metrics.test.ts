import { expect, it } from 'vitest';
import { MIGRATION_ANNOTATION } from '../contract/annotations.ts';
import { type PodmigrationStatus, podmigration } from '../contract/podmigration.ts';
import { pod } from '../kube/objects.ts';
import { namingProblems } from '../metrics/naming-problems.ts';
import { OperatorMetrics } from './metrics.ts';

function migrationIn(status: PodmigrationStatus, uid = 'uid-1', action = 'live-migration') {
  return podmigration.parse({
    apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
    kind: 'Podmigration',
    metadata: { name: uid, namespace: 'default', uid, resourceVersion: '1' },
    spec: { action },
    status,
  });
}

function target(ready: boolean) {
  return pod.parse({
    metadata: { name: 'tick-migration-1', annotations: { [MIGRATION_ANNOTATION]: 'uid-1' } },
    spec: { containers: [{ name: 'tick' }] },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  });
}

/** One sample's value, by its name with labels as the text format writes them. */
async function value(metrics: OperatorMetrics, sample: string): Promise<number | undefined> {
  const line = (await metrics.registry.metrics()).split('\n').find((text) => text.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length + 1));
}

it('names everything as Prometheus wants it', async () => {
  expect(await namingProblems(new OperatorMetrics().registry)).toEqual([]);
});

it.each([
  [{ state: 'Succeeded' }, 'outcome="succeeded",step=""'],
  [
    { state: 'Failed', error: { step: 'validate', message: '', criuLog: [] } },
    'outcome="refused",step="validate"',
  ],
  [
    { state: 'Failed', error: { step: 'cancel', message: '', criuLog: [] } },
    'outcome="cancelled",step="cancel"',
  ],
  [{ state: 'Failed', error: { step: 'dump', message: '', criuLog: [] } }, 'outcome="failed",step="dump"'],
  [
    { state: 'Failed', error: { step: 'pod-7f3a', message: '', criuLog: [] } },
    'outcome="failed",step="other"',
  ],
] as const)('counts the end %j', async (status, labels) => {
  const metrics = new OperatorMetrics();
  metrics.stateChanged(migrationIn(status as unknown as PodmigrationStatus), undefined);
  expect(await value(metrics, `podferry_migrations_total{action="live-migration",${labels}}`)).toBe(1);
});

it('does not count a state that is no end', async () => {
  const metrics = new OperatorMetrics();
  metrics.stateChanged(migrationIn({ state: 'Moving' }), undefined);
  expect(await metrics.registry.metrics()).not.toMatch(/^podferry_migrations_total\{/m);
});

it('tells times in seconds, by phase', async () => {
  const metrics = new OperatorMetrics();
  const startedAt = '2026-01-01T00:00:00Z';
  const phases = [
    { name: 'dump', startedAt, ms: 70 },
    { name: 'prepare', startedAt, ms: 600 },
  ];
  metrics.stateChanged(
    migrationIn({ state: 'Succeeded', freezeMs: 190, totalMs: 1500, bytes: 5000, phases }),
    undefined,
  );
  const of = (name: string) => value(metrics, `podferry_migration_${name}`);
  expect(await of('freeze_seconds_sum{action="live-migration"}')).toBeCloseTo(0.19);
  expect(await of('duration_seconds_sum{action="live-migration",outcome="succeeded"}')).toBeCloseTo(1.5);
  expect(await of('state_bytes_sum{action="live-migration"}')).toBe(5000);
  expect(await of('phase_seconds_sum{action="live-migration",phase="dump"}')).toBeCloseTo(0.07);
  expect(await of('phase_seconds_sum{action="live-migration",phase="prepare"}')).toBeCloseTo(0.6);
});

it('knows what waits and what is under way, until it is over or gone', async () => {
  const metrics = new OperatorMetrics();
  const counts = async () => [
    await value(metrics, 'podferry_migrations_queued{action="live-migration"}'),
    await value(metrics, 'podferry_migrations_in_flight{action="live-migration"}'),
  ];
  expect(await counts()).toEqual([0, 0]);
  metrics.migrationSeen(migrationIn({}, 'a'), false);
  metrics.migrationSeen(migrationIn({ state: 'Moving' }, 'b'), false);
  expect(await counts()).toEqual([1, 1]);
  metrics.migrationSeen(migrationIn({ state: 'Preparing' }, 'a'), false);
  expect(await counts()).toEqual([0, 2]);
  metrics.migrationSeen(migrationIn({ state: 'Failed' }, 'a'), false);
  metrics.migrationSeen(migrationIn({ state: 'Moving' }, 'b'), true);
  expect(await counts()).toEqual([0, 0]);
});

it('estimates an outage once, when the target is seen Ready', async () => {
  const metrics = new OperatorMetrics();
  const sum = () => value(metrics, 'podferry_migration_outage_estimate_seconds_sum');
  const count = () => value(metrics, 'podferry_migration_outage_estimate_seconds_count');
  metrics.podSeen(target(true));
  expect(await count()).toBe(0);
  metrics.stateChanged(migrationIn({ state: 'Committed', freezeMs: 250 }), target(false));
  expect(await count()).toBe(0);
  metrics.podSeen(target(true));
  metrics.podSeen(target(true));
  expect(await count()).toBe(1);
  expect(await sum()).toBeGreaterThanOrEqual(0.25);
});

it('estimates no outage twice when the target was Ready at the commit', async () => {
  const metrics = new OperatorMetrics();
  metrics.stateChanged(migrationIn({ state: 'Committed', freezeMs: 250 }), target(true));
  metrics.podSeen(target(true));
  expect(await value(metrics, 'podferry_migration_outage_estimate_seconds_count')).toBe(1);
});

it('forgets what it saw when another replica leads', async () => {
  const metrics = new OperatorMetrics();
  metrics.leads(() => ({ running: 2, waiting: 1 }));
  metrics.migrationSeen(migrationIn({ state: 'Moving' }), false);
  expect(await value(metrics, 'podferry_leader')).toBe(1);
  expect(await value(metrics, 'podferry_reconcile_running')).toBe(2);
  metrics.stepsDown();
  expect(await value(metrics, 'podferry_leader')).toBe(0);
  expect(await value(metrics, 'podferry_reconcile_running')).toBe(0);
  expect(await value(metrics, 'podferry_migrations_in_flight{action="live-migration"}')).toBe(0);
});
