import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { podCheckpoint } from '../contract/podcheckpoint.ts';
import { podmigration } from '../contract/podmigration.ts';
import { SmokeLab } from './lab.ts';

/** A checkpoint belongs to the namespace of its pod, whoever knows its path and its image. */

const POD = 'owned-1';
const COPY = 'owned-copy';
const OTHER = 'smoke-elsewhere';
const PATH = '/var/lib/kubelet/migration/smoke-owned';
/** The contract cuts the pod's name at its first dash. */
const DIRECTORY = `${PATH}/owned`;

let lab: SmokeLab;
let [here, there]: string[] = [];
let master: string;
/** What names both namespaces. */
let words: string;

beforeAll(async () => {
  lab = await SmokeLab.open();
  [here, there] = lab.workers;
  master = lab.master.name;
  words = `the checkpoint at '${DIRECTORY}' belongs to namespace ${lab.namespace}, not to ${OTHER}`;
  await lab.kubectl(['create', 'namespace', OTHER]);
  await lab.startPod(POD, 'redis', here as string);
  await lab.redis(POD, 'set', 'kept', 'secret');
  await lab.kubectl(['checkpoint', POD, PATH]);
});

afterAll(async () => {
  await lab.tryKubectl(['delete', 'namespace', OTHER, '--timeout=90s']);
  for (const name of [POD, COPY]) await lab.removePods(name);
  const { items } = z
    .object({ items: z.array(podCheckpoint) })
    .parse(JSON.parse(await lab.kubectl(['get', 'podcheckpoints', '-o', 'json'])));
  const names = items.filter(({ spec }) => spec.pod === POD).map(({ metadata }) => metadata.name);
  if (names.length > 0) await lab.tryKubectl(['delete', 'podcheckpoints', ...names, '--timeout=60s']);
  await lab.onNode(master, `rm -rf ${PATH}`);
  await lab.close();
});

/** A redis that its annotations say more of. */
const redisPod = (name: string, annotations: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { 'podferry.dev/smoke': name }, annotations },
  spec: {
    terminationGracePeriodSeconds: 1,
    nodeSelector: { 'kubernetes.io/hostname': there },
    containers: [{ name: 'redis', image: lab.outputs.apps.image.redis, imagePullPolicy: 'Never' }],
  },
});

const apply = (namespace: string, body: object) =>
  lab.kubectl(['apply', '-n', namespace, '-f', '-'], JSON.stringify(body));

/** What was told of an object in the other namespace. */
const warningsOf = (name: string) =>
  lab.kubectl([
    'get',
    'events',
    '-n',
    OTHER,
    '--field-selector',
    `involvedObject.name=${name},type=Warning`,
    '-o',
    'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}',
  ]);

const told = (name: string, reason: string) =>
  lab.until(
    `an event ${reason} that names both namespaces`,
    () => warningsOf(name),
    (text) => text.split('\n').some((line) => line.startsWith(`${reason}: `) && line.includes(words)),
  );

describe('a checkpoint of another namespace', () => {
  it('is not restored by a podmigration, which says whose it is', async () => {
    const metadata = { name: 'smoke-foreign' };
    const spec = { action: 'restore', snapshotPath: DIRECTORY };
    await apply(OTHER, { apiVersion: 'podmig.dcn.ssu.ac.kr/v1', kind: 'Podmigration', metadata, spec });
    const failed = ['--for=condition=Failed', `podmigration/${metadata.name}`, '--timeout=60s'];
    await lab.kubectl(['wait', '-n', OTHER, ...failed]);
    const made = await lab.kubectl(['get', 'podmigration', metadata.name, '-n', OTHER, '-o', 'json']);
    expect(podmigration.parse(JSON.parse(made)).status.error).toMatchObject({
      step: 'validate',
      message: words,
    });
    await told(metadata.name, 'OtherNamespace');
    expect(await lab.kubectl(['get', 'pods', '-n', OTHER, '-o', 'name'])).toBe('');
  });

  it.each([
    ['the contract’s annotations', { snapshotPolicy: 'restore', snapshotPath: DIRECTORY }, 'SnapshotRefused'],
    [
      'podferry’s own annotations',
      { 'podferry.dev/checkpoint': DIRECTORY, 'podferry.dev/containers': 'redis' },
      undefined,
    ],
  ])('does not start a pod by %s', async (_what, annotations, reason) => {
    await apply(OTHER, redisPod(COPY, annotations));
    if (reason !== undefined) await told(COPY, reason);
    await lab.until(
      'the runtime refuses it',
      () => warningsOf(COPY),
      (text) => text.split('\n').some((line) => line.includes('podferry: ') && line.includes(words)),
    );
    const pod = JSON.parse(await lab.kubectl(['get', 'pod', COPY, '-n', OTHER, '-o', 'json']));
    expect(pod.status.containerStatuses?.[0]?.state?.running).toBeUndefined();
    await lab.kubectl(['delete', 'pod', COPY, '-n', OTHER, '--grace-period=1', '--timeout=60s']);
    await lab.kubectl(['delete', 'events', '-n', OTHER, '--field-selector', `involvedObject.name=${COPY}`]);
  });

  it('stays where it is when a pod there is saved to the same path; that pod goes on', async () => {
    const sum = `sha256sum ${DIRECTORY}/podferry.json`;
    const before = await lab.onNode(master, sum);
    await apply(OTHER, redisPod(POD, {}));
    await lab.kubectl(['wait', '-n', OTHER, '--for=condition=Ready', `pod/${POD}`, '--timeout=60s']);
    const saved = await lab.tryKubectl(['checkpoint', POD, PATH, '-n', OTHER]);
    expect(saved.exitCode).toBe(1);
    expect(saved.stderr).toContain(words);
    await told(POD, 'CheckpointFailed');
    expect(await lab.onNode(master, sum)).toBe(before);
    const answer = await lab.kubectl(['exec', POD, '-n', OTHER, '--', 'redis-cli', 'ping']);
    expect(answer.trim()).toBe('PONG');
  });

  it('is restored as ever in its own', async () => {
    await apply(lab.namespace, redisPod(COPY, { snapshotPolicy: 'restore', snapshotPath: DIRECTORY }));
    await lab.kubectl(['wait', '--for=condition=Ready', `pod/${COPY}`, '--timeout=90s']);
    expect(await lab.redis(COPY, 'get', 'kept')).toBe('secret');
  });
});
