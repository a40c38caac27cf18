import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { SmokeLab } from './lab.ts';
import { PodSet } from './pod-set.ts';
import { Probes, probeContainer } from './probe.ts';

/** Two pods, one of which talks to the other, that exchange their nodes. */

const KEYS = ['served', 'talking'];

const image = inject('probeImage');
let lab: SmokeLab;
let set: PodSet;
const whereabouts = () =>
  Promise.all(
    KEYS.map(async (key) => {
      const path = 'jsonpath={.spec.nodeName} {.status.podIP}';
      const [node, address] = (await lab.kubectl(['get', 'pod', set.pod(key), '-o', path])).split(' ');
      return { node, address };
    }),
  );

beforeAll(async () => {
  lab = await SmokeLab.open();
  set = new PodSet(lab, 'smoke-exchange');
  // it listens on all addresses, and so may learn its own from whom it serves
  const talking = [
    'until [ -s /tmp/to ]; do sleep 0.1; done; exec /usr/bin/python3 -u /usr/local/lib/probe/main.py serves "talks:$(cat /tmp/to)"',
  ];
  await set.start({
    served: { containers: [probeContainer(image, ['serves'])] },
    talking: { containers: [probeContainer(image, talking, { command: ['sh', '-c'] })] },
  });
  const [served] = await whereabouts();
  await lab.kubectl(['exec', set.pod('talking'), '--', 'sh', '-c', `echo ${served?.address} >/tmp/to`]);
  for (const key of KEYS) await new Probes(lab).identity(set.pod(key));
});
afterAll(async () => {
  await set?.remove();
  await lab.close();
});

it('both are moved at the same time, each with its address, and their connections go on', async () => {
  const [served, talking] = await whereabouts();
  const outcomes = await set.move(KEYS, { address: 'keep' });
  expect(Object.values(outcomes).map(({ why }) => why)).toEqual(['', '']);
  expect(await whereabouts()).toEqual([
    { node: talking?.node, address: served?.address },
    { node: served?.node, address: talking?.address },
  ]);
  for (const key of KEYS) {
    const report = await new Probes(lab).check(set.pod(key));
    const verdicts = Object.values(report).flatMap((properties) => Object.entries(properties));
    expect(verdicts.filter(([, verdict]) => verdict !== 'kept')).toEqual([]);
  }
});
