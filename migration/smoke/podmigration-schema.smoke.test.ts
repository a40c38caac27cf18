import { afterAll, beforeAll, expect, it } from 'vitest';
import { SmokeLab } from './lab.ts';

/** What the real API server makes of the CRD that is generated from the operator's own types. */

let lab: SmokeLab;
beforeAll(async () => {
  lab = await SmokeLab.open();
});
afterAll(() => lab.close());

/** Creates nothing: asks the API server what it would say. */
const tryCreate = (spec: object) =>
  lab.tryKubectl(
    ['create', '--dry-run=server', '-o', 'json', '-f', '-'],
    JSON.stringify({
      apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
      kind: 'Podmigration',
      metadata: { name: 'schema-trial' },
      spec,
    }),
  );

it.each([
  ['no action', {}, /spec\.action: Required/],
  ['an unknown action', { action: 'teleport' }, /supported values: "live-migration"/],
  ['a live-migration of nothing', { action: 'live-migration' }, /live-migration needs sourcePod/],
  ['a checkpoint to nowhere', { action: 'checkpoint', sourcePod: 'x' }, /checkpoint needs snapshotPath/],
  ['a restore from nowhere', { action: 'restore' }, /restore needs snapshotPath/],
  [
    'a compressed state on the store',
    { action: 'live-migration', sourcePod: 'x', transport: 'store', compression: 'zstd' },
    /compression is for transport stream/,
  ],
  ['a negative number of pods', { action: 'restore', snapshotPath: '/x', replicas: -1 }, /replicas/],
])('refuses %s', async (_, spec, message) => {
  const refused = await tryCreate(spec);
  expect(refused.exitCode).not.toBe(0);
  expect(refused.stderr).toMatch(message);
});

it('takes the loose selector of old manifests and keeps the whole template', async () => {
  const spec = {
    action: 'restore',
    snapshotPath: '/x/redis',
    replicas: 2,
    selector: { podmig: 'dcn' },
    template: {
      metadata: { name: 'redis' },
      spec: { containers: [{ name: 'redis', image: 'redis', tty: true }] },
    },
  };
  const created = await tryCreate(spec);
  expect(created.stderr).toBe('');
  expect(JSON.parse(created.stdout).spec).toEqual(spec);
});

it('explains the fields', async () => {
  // kubectl breaks the lines as it likes
  expect(await lab.kubectl(['explain', 'podmigrations.spec.destHost'])).toMatch(/the\s+scheduler\s+chooses/);
  expect(await lab.kubectl(['explain', 'pmig.status.activePod'])).toMatch(/holds\s+the\s+state/);
  expect(await lab.kubectl(['explain', 'pckpt.status.path'])).toMatch(/takes\s+as\s+snapshotPath/);
});
