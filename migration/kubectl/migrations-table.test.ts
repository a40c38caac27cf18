import { expect, it } from 'vitest';
import { podmigration } from '../contract/podmigration.ts';
import { migrationsTable, migrationText } from './migrations-table.ts';

const of = (name: string, status: object) =>
  podmigration.parse({
    apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
    kind: 'Podmigration',
    metadata: {
      name,
      namespace: 'samples',
      uid: name,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2' },
    status,
  });
const now = new Date('2026-01-01T00:03:00Z');
const failed = of('bad', { state: 'Failed', error: { step: 'dump', message: 'no', criuLog: ['Error (x)'] } });

it('lists migrations as kubectl lists things', () => {
  const moved = of('good', {
    state: 'Succeeded',
    activePod: 'tick-migration-1',
    sourceNode: 'worker1',
    targetNode: 'worker2',
    freezeMs: 180,
  });
  expect(
    migrationsTable([moved, of('new', {})], { wide: false, namespaces: false, now }).split('\n'),
  ).toEqual([
    'NAME   ACTION           STATE       POD                FROM      TO        FREEZE   AGE',
    'good   live-migration   Succeeded   tick-migration-1   worker1   worker2   180 ms   3m',
    'new    live-migration   Pending     tick               <none>    worker2   <none>   3m',
  ]);
});

it('says in a wide list why one failed, and of all namespaces where each is', () => {
  const [head, row] = migrationsTable([failed], { wide: true, namespaces: true, now }).split('\n');
  expect(head).toMatch(/^NAMESPACE .* BECAUSE$/);
  expect(row).toMatch(/^samples .* no$/);
});

it('tells all of one, with CRIU’s words', () => {
  expect(migrationText(failed)).toMatch(/Error: +dump: no\n +Error \(x\)/);
});
