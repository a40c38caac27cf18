import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { Ledger } from '../matrix/ledger.ts';
import { KeepAliveClient, WaitingClient } from './clients.ts';
import { SmokeLab } from './lab.ts';
import { type Moved, moveProbes } from './moved-probes.ts';
import { type Outcome, PodSet, type PodSpec } from './pod-set.ts';
import { Probes, probeContainer } from './probe.ts';

/** Sockets and whatever else a process waits on; clients outside, who lose their connection but neither time nor data. */

const image = inject('probeImage');
const SERVED = 7000;
const SET = 'smoke-network';
let lab: SmokeLab;
beforeAll(async () => {
  lab = await SmokeLab.open();
});
afterAll(() => lab.close());

describe('processes with sockets, timers and pipes, in a pod that gets another address', () => {
  const pods: Record<string, PodSpec> = {
    sockets: { containers: [probeContainer(image, ['sockets:/tmp'])] },
    waits: { containers: [probeContainer(image, ['waits:/tmp'])] },
  };
  let set: PodSet;
  let moved: Record<string, Moved>;
  beforeAll(async () => {
    set = new PodSet(lab, `${SET}-held`);
    moved = await moveProbes(lab, set, pods, [], { address: 'new' });
  });
  afterAll(() => set.remove());

  describe.each(Object.keys(pods))('%s', (key) => {
    it('are moved, the very same', () => {
      expect(moved[key]?.why).toBe('');
      expect(moved[key]?.after.nonce).toBe(moved[key]?.before.nonce);
    });

    it('keep every property', () => {
      const properties = Object.entries(Object.values(moved[key]?.report ?? {})[0] ?? {});
      expect(properties.length).toBeGreaterThan(10);
      expect(properties.filter(([, verdict]) => verdict !== 'kept')).toEqual([]);
    });
  });
});

const tickAnswer = z.object({ count: z.int(), startedAt: z.string(), pod: z.string() });

describe('clients outside a pod that gets another address', () => {
  const PORTS = { redis: 6379, http: 8080, served: SERVED };
  type Server = keyof typeof PORTS;
  let set: PodSet;
  let outcomes: Record<string, Outcome>;
  let redis: Ledger;
  let http: KeepAliveClient;
  let waiting: WaitingClient;

  const service = (name: Server) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `${SET}-${name}` },
    spec: {
      type: 'NodePort',
      selector: { 'podferry.dev/smoke': `${SET}-clients`, probe: name },
      ports: [{ port: PORTS[name] }],
    },
  });

  /** Host and port of a Service, seen from outside the cluster. */
  async function addressOf(name: Server): Promise<[string, number]> {
    const [host = '', port] = (await lab.outsideAddress(`${SET}-${name}`)).split(':');
    return [host, Number(port)];
  }

  /** Tries until it does not throw: a Service takes a moment until it leads to its pod. */
  const sometime = async <T>(what: string, attempt: () => Promise<T>): Promise<T> => {
    const tried = () => attempt().then((got) => ({ got }), String);
    const done = await lab.until(what, tried, (outcome) => typeof outcome === 'object', 20);
    return (done as { got: T }).got;
  };

  beforeAll(async () => {
    set = new PodSet(lab, `${SET}-clients`);
    const sample = (name: 'redis' | 'tick'): PodSpec => ({
      containers: [{ name, image: lab.outputs.apps.image[name], imagePullPolicy: 'Never' }],
    });
    const served: PodSpec = { containers: [probeContainer(image, [`served:${SERVED}`])] };
    await set.start({ served, redis: sample('redis'), http: sample('tick') }, [
      service('redis'),
      service('http'),
      service('served'),
    ]);
    redis = new Ledger((await addressOf('redis')).join(':'));
    http = new KeepAliveClient((await addressOf('http')).join(':'));
    const address = await addressOf('served');
    waiting = await sometime('a server for the waiting client', () => WaitingClient.to(...address));
    await sometime('redis for its client', () => redis.start());
    http.start();
    await lab.until(
      'answers',
      async () => http.answers.length,
      (count) => count > 20,
    );
    outcomes = await set.move(undefined, { address: 'new' });
  });
  afterAll(async () => {
    await Promise.all([redis?.stop(), http?.stop()]);
    waiting?.close();
    await set.remove();
  });

  it('see all three servers moved', () => {
    expect(Object.values(outcomes).map(({ why }) => why)).toEqual(['', '', '']);
  });

  it('blocked in reading learn at once that the connection is gone, and the server does', async () => {
    await lab.until(
      'the client learns that its connection is gone',
      async () => waiting.ended,
      (ended) => ended,
      3,
    );
    const report = await new Probes(lab).check(set.pod('served'));
    expect(Object.values(report[`served:${SERVED}`] ?? {})).toEqual(['kept']);
  });

  it('with a redis client that reconnects find every acknowledged write again', async () => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    await redis.stop();
    const { acknowledged, lost } = await redis.audit();
    expect(acknowledged).toBeGreaterThan(50);
    expect(lost).toBe(0);
  });

  it('with a keep-alive HTTP client reconnect once, to the pod that counts on', async () => {
    const { pod } = outcomes.http as Outcome;
    await lab.until(
      'an answer of the moved pod',
      async () => http.answers.at(-1),
      (answer) => answer !== undefined && tickAnswer.parse(JSON.parse(answer)).pod === pod,
      10,
    );
    await http.stop();
    const answers = http.answers.map((answer) => tickAnswer.parse(JSON.parse(answer)));
    expect(new Set(answers.map(({ startedAt }) => startedAt)).size).toBe(1);
    const counts = answers.map(({ count }) => count);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(http.connections).toBeGreaterThan(1);
  });
});
