import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { Bystanders } from './bystanders.ts';
import { SERVED_PORTS } from './conversation.ts';
import { SmokeLab } from './lab.ts';
import { PodSet } from './pod-set.ts';
import { Probes, probeContainer } from './probe.ts';

/** Two pods that talk to each other by their Services, and exchange their nodes: each is a guest at the home of the other then. */

const SET = 'smoke-exchange';
const KEYS = ['one', 'other'] as const;

const image = inject('probeImage');
let lab: SmokeLab;
let set: PodSet;

async function whereabouts() {
  const path = 'jsonpath={.spec.nodeName} {.status.podIP}';
  const told = KEYS.map((key) => lab.kubectl(['get', 'pod', set.pod(key), '-o', path]));
  return (await Promise.all(told)).map((text) => {
    const [node, address] = text.split(' ');
    return { node, address };
  });
}

beforeAll(async () => {
  lab = await SmokeLab.open();
  set = new PodSet(lab, SET);
  const around = new Bystanders(lab, SET);
  await lab.apply(...KEYS.map((key) => around.service(key, { ports: SERVED_PORTS })));
  const [one, other] = await Promise.all(KEYS.map((key) => around.clusterIp(key)));
  const talking = (to = '') => ({ containers: [probeContainer(image, ['serves', `talks:${to}`])] });
  await set.start({ one: talking(other), other: talking(one) });
  for (const key of KEYS) await new Probes(lab).identity(set.pod(key));
});
afterAll(async () => {
  await set?.remove();
  await lab.close();
});

it('both are moved at the same time, each with its address, and their connections go on', async () => {
  const [one, other] = await whereabouts();
  const outcomes = await set.move([...KEYS], { address: 'keep' });
  expect(Object.values(outcomes).map(({ why }) => why)).toEqual(['', '']);
  expect(await whereabouts()).toEqual([
    { node: other?.node, address: one?.address },
    { node: one?.node, address: other?.address },
  ]);
  for (const key of KEYS) {
    const report = await new Probes(lab).check(set.pod(key));
    const verdicts = Object.values(report).flatMap((properties) => Object.entries(properties));
    expect(verdicts.filter(([, verdict]) => verdict !== 'kept')).toEqual([]);
  }
}, 300_000);
