import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { podmigration } from '../contract/podmigration.ts';
import { SmokeLab } from './lab.ts';

/** Manifests in the form of podmigration-operator's samples, applied unchanged but for pods, images and nodes. */

const POD = 'oldman';
const PATH = '/var/lib/kubelet/migration/smoke-oldman';

let lab: SmokeLab;
let [here, there]: string[] = [];
beforeAll(async () => {
  lab = await SmokeLab.open();
  [here, there] = lab.workers;
  await lab.startPod(POD, 'tick', here as string);
});
afterAll(async () => {
  const names = await lab.kubectl(['get', 'podcheckpoints', '-o', 'json']);
  const ours = (JSON.parse(names).items as { metadata: { name: string }; spec: { pod: string } }[])
    .filter(({ spec }) => spec.pod.startsWith(POD))
    .map(({ metadata }) => metadata.name);
  await lab.tryKubectl(['delete', 'podmigrations', '-l', `podferry.dev/smoke=${POD}`, '--timeout=60s']);
  if (ours.length > 0) await lab.tryKubectl(['delete', 'podcheckpoints', ...ours, '--timeout=60s']);
  await lab.removePods(POD);
  await lab.close();
});

/** A Podmigration as those samples are written: labelled, with replicas, a loose selector and a template for every action. */
const sample = (name: string, spec: string): string => `
apiVersion: podmig.dcn.ssu.ac.kr/v1
kind: Podmigration
metadata:
  name: ${name}
  labels:
    podferry.dev/smoke: ${POD}
spec:
  replicas: 1
${spec}
  selector:
    podmig: dcn
  template:
    metadata:
      name: ${POD}
      labels:
        podferry.dev/smoke: ${POD}
    spec:
      containers:
      - name: tick
        image: ${lab.outputs.apps.image.tick}
        imagePullPolicy: Never
        ports:
        - containerPort: 8080
          protocol: TCP
      nodeSelector:
        kubernetes.io/hostname: ${there}
`;

async function applied(manifest: string, condition: 'Complete' | 'Failed' = 'Complete') {
  const { name } = parse(manifest).metadata as { name: string };
  await lab.kubectl(['apply', '-f', '-'], manifest);
  await lab.kubectl(['wait', `--for=condition=${condition}`, `podmigration/${name}`, '--timeout=90s']);
  return podmigration.parse(JSON.parse(await lab.kubectl(['get', 'podmigration', name, '-o', 'json'])));
}

describe('manifests of podmigration-operator', () => {
  let startedAt: string;
  let current: string;

  it('live-migration without destHost: the template’s nodeSelector names the node', async () => {
    startedAt = (await lab.tick(POD)).startedAt;
    const { status } = await applied(sample('old-move', `  action: "live-migration"\n  sourcePod: "${POD}"`));
    expect(status).toMatchObject({
      state: 'Succeeded',
      currentRevision: '1',
      activePod: `${POD}-migration-1`,
      targetNode: there,
    });
    current = status.activePod ?? '';
    expect((await lab.tick(current)).startedAt).toBe(startedAt);
  });

  it('checkpoint to an absolute path of before, and applying it again changes nothing', async () => {
    const manifest = sample(
      'old-save',
      `  action: "checkpoint"\n  snapshotPath: "${PATH}"\n  sourcePod: "${POD}"`,
    );
    const { metadata, status } = await applied(manifest);
    expect(status).toMatchObject({
      state: 'Succeeded',
      activePod: current,
      currentRevision: '1',
      checkpointPath: `${PATH}/${POD}`,
    });
    expect(await lab.kubectl(['apply', '-f', '-'], manifest)).toContain('unchanged');
    const again = JSON.parse(await lab.kubectl(['get', 'podmigration', 'old-save', '-o', 'json']));
    expect(again.metadata.resourceVersion).toBe(metadata.resourceVersion);
  });

  it('restore of two from <path>/<pod>, labelled with the name of the object', async () => {
    const manifest = sample('old-restore', `  action: restore\n  snapshotPath: ${PATH}/${POD}`).replace(
      'replicas: 1',
      'replicas: 2',
    );
    const { status } = await applied(manifest);
    expect(status.state).toBe('Succeeded');
    expect(status.activePod).toBe(status.restoredPods?.[0]);
    const pods = await lab.kubectl(['get', 'pods', '-l', 'migratingPod=old-restore', '-o', 'name']);
    expect(pods.trim().split('\n')).toHaveLength(2);
    for (const pod of status.restoredPods ?? []) expect((await lab.tick(pod)).startedAt).toBe(startedAt);
  });

  it('one that cannot be done says so in its first status, and in the list', async () => {
    const gone = sample(
      'old-gone',
      `  action: live-migration\n  sourcePod: nobody-there\n  destHost: ${there}`,
    );
    const { status } = await applied(gone, 'Failed');
    expect(status.error).toMatchObject({ step: 'validate' });
    const table = await lab.kubectl(['get', 'podmigrations', '-o', 'wide']);
    expect(table).toMatch(
      /^NAME +ACTION +STATE +POD +FROM +TO +FREEZE-MS +BYTES +TOTAL-MS +CHECKPOINT +WAITING +ERROR +AGE/,
    );
    expect(table).toMatch(/old-gone +live-migration +Failed .*nobody-there/);
    expect(table).toMatch(new RegExp(`old-move +live-migration +Succeeded +${POD}-migration-1 `));
  });

  it('deleting them is deleting what they keep', async () => {
    await lab.kubectl(['delete', 'podmigration', 'old-restore', '--timeout=60s']);
    await lab.until(
      'the restored pods are gone',
      () => lab.kubectl(['get', 'pods', '-l', 'migratingPod=old-restore', '-o', 'name']),
      (pods) => pods.trim() === '',
    );
    await lab.kubectl(
      ['delete', '-f', '-', '--timeout=60s'],
      stringify({
        apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
        kind: 'Podmigration',
        metadata: { name: 'old-move' },
      }),
    );
    expect((await lab.tick(current)).startedAt).toBe(startedAt);
  });
});
