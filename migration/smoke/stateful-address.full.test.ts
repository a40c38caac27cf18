import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { nodePortService } from '../bench/node-port-service.ts';
import { onNode } from '../kube/node-affinity.ts';
import { KeepAliveClient } from './clients.ts';
import { SmokeLab } from './lab.ts';

/** A StatefulSet's pod, which is made anew under its name with its address, and a client from outside that has one connection throughout. */

const NAME = 'full-stateful';
const LABEL = 'podferry.dev/smoke';
const POD = `${NAME}-0`;
/** More than it takes to make the pod where it was to go, twice in vain, and then where it came from, in ms. */
const PATIENCE_MS = 60_000;
/** In front of CRIU while no restore is to succeed. */
const STAND_IN = '/run/podferry-no-restore';

const answer = z.object({ count: z.int(), startedAt: z.string() });

let lab: SmokeLab;
let master: string;
let home: string;
let second: string;
let client: KeepAliveClient;
let address: string;

beforeAll(async () => {
  lab = await SmokeLab.open();
  [home = '', second = ''] = lab.workers;
  master = lab.master.name;
  await lab.apply(...objects());
  await lab.kubectl(['rollout', 'status', `statefulset/${NAME}`, '--timeout=60s']);
  address = await podIp();
  client = new KeepAliveClient(await lab.outsideAddress(NAME), PATIENCE_MS);
  client.start();
  await answers();
}, 120_000);
afterAll(async () => {
  await client?.stop();
  await lab.kubectl(['delete', 'statefulset,service', NAME, '--ignore-not-found', '--timeout=60s']);
  await lab.close();
});

/** Its first node is the home of its address; it may go anywhere. */
function objects(): object[] {
  const labels = { [LABEL]: NAME };
  const near = [{ weight: 100, preference: onNode(home) }];
  const spec = {
    terminationGracePeriodSeconds: 1,
    tolerations: [{ operator: 'Exists' }],
    affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: near } },
    containers: [{ name: 'tick', image: lab.outputs.apps.image.tick, imagePullPolicy: 'Never' }],
  };
  const template = { metadata: { labels }, spec };
  const metadata = { name: NAME, labels };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata,
      spec: { replicas: 1, serviceName: NAME, selector: { matchLabels: labels }, template },
    },
    nodePortService({ name: NAME, label: LABEL, port: 8080 }),
  ];
}

const podIp = () => lab.kubectl(['get', 'pod', POD, '-o', 'jsonpath={.status.podIP}']);

/** Resolves when the client has had answers after this. */
async function answers(): Promise<void> {
  const before = client.answers.length;
  await lab.until(
    'answers to the client',
    async () => client.answers.length,
    (now) => now > before + 20,
  );
}

async function expectKept(node: string): Promise<void> {
  expect(await lab.nodeOf(POD)).toBe(node);
  expect(await podIp()).toBe(address);
  await answers();
  expect(client.connections).toBe(1);
}

describe('a StatefulSet’s pod', () => {
  it('keeps its address and its client to another node, a third one, home, and away again', async () => {
    for (const node of [second, master, home, master]) {
      await lab.migrate(POD, node);
      await expectKept(node);
    }
    await lab.migrate(POD, home);
  }, 180_000);

  it('keeps them where it came from, when it cannot be restored where it was to go', async () => {
    const script = `set -eu
mkdir -p ${STAND_IN}
cp "$(command -v criu)" ${STAND_IN}/criu
cat >${STAND_IN}/stand-in
chmod 755 ${STAND_IN}/stand-in
mount --bind ${STAND_IN}/stand-in "$(command -v criu)"
`;
    await lab.onNode(second, script, `#!/bin/sh\n[ "$1" != swrk ] || exit 1\nexec ${STAND_IN}/criu "$@"\n`);
    try {
      await lab.migrate(POD, second);
    } finally {
      await lab.onNode(second, `umount "$(command -v criu)"; rm -rf ${STAND_IN}`);
    }
    await expectKept(home);
  }, 180_000);

  it('was the same process all the time, which went on', () => {
    const all = client.answers.map((text) => answer.parse(JSON.parse(text)));
    expect(new Set(all.map(({ startedAt }) => startedAt)).size).toBe(1);
    const counts = all.map(({ count }) => count);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
  });
});

describe('the end of a StatefulSet', () => {
  it('gives the address back to its home', async () => {
    await client.stop();
    await lab.kubectl(['delete', 'statefulset', NAME, '--timeout=60s']);
    const script = `ls /run/podferry-cni/podferry/${address} /var/lib/podferry/addresses/*/${address} 2>/dev/null || true; ip route show table all ${address}`;
    const left = () => Promise.all([home, second, master].map((node) => lab.onNode(node, script)));
    await lab.until('nothing is left of the address', left, (texts) => texts.join('').trim() === '', 60);
  }, 90_000);
});
