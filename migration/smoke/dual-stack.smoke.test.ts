import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { WaitingClient } from './clients.ts';
import { Conversation, type Listener } from './conversation.ts';
import { SmokeLab } from './lab.ts';
import { type Outcome, PodSet, type PodSpec } from './pod-set.ts';
import { Probes, probeContainer } from './probe.ts';

/**
 * Pods with an IPv4 and an IPv6 address, in a lab that gives them both; elsewhere there is nothing to see. What clients notice by IPv4
 * of a pod that keeps its addresses, address.smoke.test.ts asks also here.
 */

const image = inject('probeImage');
const lab = await SmokeLab.open();
const isDual = lab.outputs.nodes.every(({ address6 }) => address6 !== undefined);
const SET = 'smoke-dual';
/** Port of probe/serves.py on which numbers come. */
const NUMBERS = 7102;
afterAll(() => lab.close());

describe.skipIf(!isDual)('a pod that gets new addresses', () => {
  let set: PodSet;
  let before: string[];
  let clients: WaitingClient[];
  let outcome: Outcome;
  let where: (family: 4 | 6) => [host: string, port: number];

  beforeAll(async () => {
    set = new PodSet(lab, `${SET}-new`);
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: `${SET}-served` },
      spec: {
        type: 'NodePort',
        ipFamilyPolicy: 'RequireDualStack',
        selector: { 'podferry.dev/smoke': `${SET}-new`, probe: 'served' },
        ports: [{ port: NUMBERS }],
      },
    };
    await set.start({ served: { containers: [probeContainer(image, ['serves'])] } }, [service]);
    before = await lab.podIps(set.pod('served'));
    const path = 'jsonpath={.spec.ports[0].nodePort}';
    const port = Number(await lab.kubectl(['get', 'service', `${SET}-served`, '-o', path]));
    where = (family) => [(family === 4 ? lab.master.address : lab.master.address6) ?? '', port];
    clients = await Promise.all([WaitingClient.to(...where(4)), WaitingClient.to(...where(6))]);
    outcome = (await set.move(['served'], { address: 'new' })).served as Outcome;
  });
  afterAll(async () => {
    for (const client of clients ?? []) client.close();
    await set.remove();
  });

  it('is moved, and has one of each family again', async () => {
    expect(outcome.why).toBe('');
    const now = await lab.podIps(outcome.pod);
    expect(now.map((address) => address.includes(':'))).toEqual([false, true]);
    expect(now.filter((address) => before.includes(address))).toEqual([]);
  });

  it('has its clients of both families told at once that their connections are gone', async () => {
    await lab.until(
      'the clients learn that their connections are gone',
      async () => clients.map(({ ended }) => ended),
      (ended) => ended.every(Boolean),
      3,
    );
  });

  it('goes on listening on all addresses, for both', async () => {
    const again = await Promise.all([WaitingClient.to(...where(4)), WaitingClient.to(...where(6))]);
    for (const client of again) client.close();
    const report = await new Probes(lab).check(outcome.pod);
    expect(Object.values(report.serves ?? {})).toEqual(['kept']);
  });
});

describe.skipIf(!isDual)('a pod that keeps its addresses, and clients that reach it by IPv6', () => {
  let conversation: Conversation;
  let listeners: Listener[];
  beforeAll(async () => {
    conversation = new Conversation(lab, image, `${SET}-talks`, 6);
    listeners = await conversation.start();
  }, 180_000);
  afterAll(() => conversation.remove());

  it('is moved to another node and back, with both', async () => {
    const before = await conversation.addresses();
    expect(before).toHaveLength(2);
    for (const move of ['away', 'back']) {
      expect(await conversation.move(), move).toBe('');
      expect(await conversation.addresses()).toEqual(before);
    }
  });

  it('is noticed by none of them, wherever it is and however it came', async () => {
    const reports = await Promise.all(listeners.map((listener) => conversation.report(listener)));
    expect(reports.flat()).toEqual([]);
  });

  it('keeps the connections that it opened itself, and those that it serves', async () => {
    expect(await conversation.ownReport()).toEqual([]);
  });
});

describe.skipIf(!isDual)('a server that is bound to the pod’s own IPv6 address', () => {
  const program = `import os, socket, time
own = os.environ["ADDRESSES"].split(",")[1]
listener = socket.create_server((own, ${NUMBERS}), family=socket.AF_INET6)
open("/tmp/listens", "w")
while True:
    time.sleep(1)`;
  const spec: PodSpec = {
    containers: [
      {
        name: 'bound',
        image,
        imagePullPolicy: 'Never',
        command: ['python3', '-c', program],
        env: [{ name: 'ADDRESSES', valueFrom: { fieldRef: { fieldPath: 'status.podIPs' } } }],
        readinessProbe: { exec: { command: ['python3', '-c', 'open("/tmp/listens")'] }, periodSeconds: 1 },
      },
    ],
  };
  let set: PodSet;
  beforeAll(async () => {
    set = new PodSet(lab, `${SET}-bound`);
    await set.start({ bound: spec });
  });
  afterAll(() => set.remove());

  it('keeps its pod where it is, if the address does not go along', async () => {
    const { bound } = await set.move(['bound'], { address: 'new' });
    expect(bound).toMatchObject({ state: 'Failed', touched: false, objections: ['PodAddress'] });
    const [, own] = await lab.podIps(set.pod('bound'));
    expect(bound?.why).toContain(`[${own}]:${NUMBERS}`);
  });

  it('moves with it otherwise', async () => {
    const { bound } = await set.move(['bound'], { address: 'keep' });
    expect(bound?.why).toBe('');
  });
});
