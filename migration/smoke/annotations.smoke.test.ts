import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { podCheckpoint } from '../contract/podcheckpoint.ts';
import { SmokeLab } from './lab.ts';

/** The annotations of the "extended kubelet", as its users' own client sets them and waits for files. */

const SHARED = '/var/lib/kubelet/migration';
const LINK = `${SHARED}/smoke-link`;
const [ONE, TWO, COPY] = ['annone-1', 'anntwo-1', 'anncopy'];
const pathOf = (pod: string): string => `${SHARED}/smoke-${pod}`;
/** The contract cuts the pod's name at its first dash. */
const savedAt = (pod: string): string => `${pathOf(pod)}/${pod.split('-')[0]}`;

let lab: SmokeLab;
let [here, there]: string[] = [];
let master: string;

beforeAll(async () => {
  lab = await SmokeLab.open();
  [here, there] = lab.workers;
  master = lab.master.name;
  await Promise.all([lab.startPod(ONE, 'tick', here as string), lab.startPod(TWO, 'redis', there as string)]);
  await lab.redis(TWO, 'set', 'kept', 'yes');
});

afterAll(async () => {
  await Promise.all([ONE, TWO, COPY].map((name) => lab.removePods(name)));
  const names = [...(await checkpointsOf(ONE)), ...(await checkpointsOf(TWO))];
  if (names.length > 0) await lab.tryKubectl(['delete', 'podcheckpoints', ...names, '--timeout=60s']);
  await lab.onNode(master, `rm -rf ${pathOf(ONE)} ${pathOf(TWO)} ${LINK}`);
  await lab.close();
});

const list = z.object({ items: z.array(podCheckpoint) });

/** Names of the checkpoints that were taken of a pod and still stand. */
async function checkpointsOf(pod: string): Promise<string[]> {
  const { items } = list.parse(JSON.parse(await lab.kubectl(['get', 'podcheckpoints', '-o', 'json'])));
  return items.filter(({ spec }) => spec.pod === pod).map(({ metadata }) => metadata.name);
}

const annotate = (pod: string, policy: string, path: string) =>
  lab.kubectl(['annotate', '--overwrite', 'pod', pod, `snapshotPolicy=${policy}`, `snapshotPath=${path}`]);

/** As the old client does on the master: looks for the one file, at the very path that it was given. */
const waitFor = (pod: string, container: string) => `f=${savedAt(pod)}/${container}/descriptors.json; n=0
until [ -e $f ]; do n=$((n+1)); [ $n -lt 80 ] || { echo "$f did not appear" >&2; exit 1; }; sleep 1; done
ls ${savedAt(pod)}/${container}; cat $f`;

const requests = async () =>
  (await lab.kubectl(['get', 'podmigrations', '-l', 'podferry.dev/snapshot-of', '-o', 'name']))
    .split('\n')
    .filter((name) => name.includes(ONE) || name.includes(TWO));

/** A pod that asks to be restored. */
async function startRestored(app: 'tick' | 'redis', snapshotPath: string, container: string = app) {
  const body = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: COPY,
      labels: { 'podferry.dev/smoke': COPY },
      annotations: { snapshotPolicy: 'restore', snapshotPath },
    },
    spec: {
      terminationGracePeriodSeconds: 1,
      nodeSelector: { 'kubernetes.io/hostname': there },
      containers: [{ name: container, image: lab.outputs.apps.image[app], imagePullPolicy: 'Never' }],
    },
  };
  await lab.apply(body);
}

const events = (pod: string, type: string) =>
  lab.kubectl([
    'get',
    'events',
    '--field-selector',
    `involvedObject.name=${pod},type=${type}`,
    '-o',
    'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}',
  ]);

describe('snapshotPolicy checkpoint', () => {
  it('on two pods at once writes two trees, descriptors.json last; the pods go on', async () => {
    const { startedAt, count } = await lab.tick(ONE);
    await Promise.all([annotate(ONE, 'checkpoint', pathOf(ONE)), annotate(TWO, 'checkpoint', pathOf(TWO))]);
    const files = await lab.onNode(
      master,
      `${waitFor(ONE, 'tick')}\necho; echo ---\n${waitFor(TWO, 'redis')}`,
    );
    for (const listing of files.split('---')) {
      expect(listing).toMatch(/^core-\d+\.img$/m);
      expect(listing).toMatch(/^pages-\d+\.img$/m);
      expect(listing).toMatch(/^\[.*\]$/m);
    }
    const after = await lab.until(
      'it counts on',
      () => lab.tick(ONE),
      (answer) => answer.count > count,
    );
    expect(after.startedAt).toBe(startedAt);
    expect(await lab.redis(TWO, 'get', 'kept')).toBe('yes');
  });

  it('is done once; clearing both annotations ends it, and setting them again saves again', async () => {
    const file = `${savedAt(ONE)}/podferry.json`;
    const first = await lab.onNode(master, `ln -sfn /etc ${LINK}; sha256sum ${file}`);
    await lab.kubectl(['label', 'pod', ONE, 'touched=yes']);
    await lab.until('both are over', requests, (names) => names.length === 2);
    await Promise.all([ONE, TWO].map((pod) => annotate(pod, '', '')));
    await lab.until('nothing is asked for', requests, (names) => names.length === 0);
    expect(await checkpointsOf(ONE)).toHaveLength(1);
    await annotate(ONE, 'checkpoint', pathOf(ONE));
    await lab.until(
      'it is saved again',
      () => lab.onNode(master, `sha256sum ${file}`),
      (now) => now !== first,
    );
    await annotate(ONE, '', '');
  });

  it.each([
    ['outside the store', '/../../etc', /must not contain/],
    ['on the store’s root', '/', /names no directory/],
    ['behind a link', `${LINK}/x`, /no directory/],
  ])('%s is refused with an event, and the pod goes on', async (_what, path, why) => {
    const { startedAt } = await lab.tick(ONE);
    await annotate(ONE, 'checkpoint', path);
    await lab.until(
      'an event says why',
      () => events(ONE, 'Warning'),
      (text) => why.test(text),
    );
    await annotate(ONE, '', '');
    expect((await lab.tick(ONE)).startedAt).toBe(startedAt);
  });

  it('has written nothing where it was not to', async () => {
    expect(await lab.onNode(master, 'ls -d /etc/annone /etc/x /annone 2>/dev/null || true')).toBe('');
  });
});

describe('snapshotPolicy restore', () => {
  it('starts the containers of a new pod from their directories', async () => {
    await startRestored('redis', savedAt(TWO));
    await lab.kubectl(['wait', '--for=condition=Ready', `pod/${COPY}`, '--timeout=90s']);
    expect(await lab.redis(COPY, 'get', 'kept')).toBe('yes');
    await lab.removePods(COPY);
  });

  it.each([
    ['a directory that is not there', 'redis', `${SHARED}/smoke-nothing/redis`, /no checkpoint/],
    ['a path out of the store', 'redis', `${SHARED}/../../../../etc`, /\.\./],
    ['a path behind a link', 'redis', `${LINK}/x`, /no directory/],
    ['nowhere', 'redis', '', /names no directory/],
    ['a checkpoint of another image', 'tick', savedAt(TWO), /image|no container/],
  ] as const)(
    'from %s is refused with an event, and never starts from nothing',
    async (_what, app, path, why) => {
      await startRestored(app, path, app === 'tick' ? 'redis' : app);
      await lab.until(
        'an event of the operator',
        () => events(COPY, 'Warning'),
        (text) => text.split('\n').some((line) => line.startsWith('SnapshotRefused: ') && why.test(line)),
      );
      await lab.until(
        'the runtime refuses it, too',
        () => events(COPY, 'Warning'),
        (text) => text.includes('podferry: '),
      );
      const pod = JSON.parse(await lab.kubectl(['get', 'pod', COPY, '-o', 'json']));
      expect(pod.status.containerStatuses?.[0]?.state?.running).toBeUndefined();
      await lab.removePods(COPY);
      await lab.kubectl(['delete', 'events', '--field-selector', `involvedObject.name=${COPY}`]);
    },
  );
});
