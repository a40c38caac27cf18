import { expect, it } from 'vitest';
import { failures, runChecks } from '../../contract/verdict.ts';
import { node, pod } from '../../kube/objects.ts';
import { destination } from './destination.ts';
import { facts } from './testing.ts';

const nodeWith = (
  changes: { name?: string; labels?: object; spec?: object; ready?: string; allocatable?: object } = {},
) =>
  node.parse({
    metadata: {
      name: changes.name ?? 'worker2',
      labels: { zone: 'b', 'kubernetes.io/hostname': 'worker2', ...changes.labels },
    },
    spec: changes.spec ?? {},
    status: {
      conditions: [{ type: 'Ready', status: changes.ready ?? 'True', message: 'kubelet is down' }],
      allocatable: { cpu: '2', memory: '1Gi', pods: '3', ...changes.allocatable },
    },
  });
const neighbour = (cpu: string, phase = 'Running') =>
  pod.parse({
    metadata: { name: 'n' },
    spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }] },
    status: { phase },
  });
const taint = (effect: string, key = 'gpu') => ({ taints: [{ key, effect }] });
const requiring = (...terms: object[]) => ({
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
  },
});
const inZone = (...values: string[]) => ({ matchExpressions: [{ key: 'zone', operator: 'In', values }] });
const onHost = (name: string) => ({
  matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }],
});
const cpu = (amount: string) => ({ containers: [{ name: 'c', resources: { requests: { cpu: amount } } }] });

it.each([
  ['an ordinary node', {}, {}, [], undefined],
  ['the node it is on', { name: 'worker1' }, {}, [], 'NodeDiffers'],
  ['a node that is down', { ready: 'Unknown' }, {}, [], 'NodeReady'],
  ['a cordoned node', { spec: { unschedulable: true } }, {}, [], 'NodeSchedulable'],
  ['a tainted node', { spec: taint('NoSchedule') }, {}, [], 'NodeTaints'],
  ['a node that evicts', { spec: taint('NoExecute') }, {}, [], 'NodeTaints'],
  ['a node that is only disliked', { spec: taint('PreferNoSchedule') }, {}, [], undefined],
  [
    'a tolerated taint',
    { spec: taint('NoSchedule') },
    { tolerations: [{ key: 'gpu', operator: 'Exists' }] },
    [],
    undefined,
  ],
  [
    'a taint of another effect',
    { spec: taint('NoExecute') },
    { tolerations: [{ key: 'gpu', operator: 'Exists', effect: 'NoSchedule' }] },
    [],
    'NodeTaints',
  ],
  ['a selector that fits', {}, { nodeSelector: { zone: 'b' } }, [], undefined],
  ['a selector that does not', {}, { nodeSelector: { zone: 'a' } }, [], 'NodeAffinity'],
  [
    'a selector of a host, which gives way',
    {},
    { nodeSelector: { 'kubernetes.io/hostname': 'worker1' } },
    [],
    undefined,
  ],
  ['an affinity that fits', {}, requiring(inZone('a'), inZone('b')), [], undefined],
  ['an affinity that does not', {}, requiring(inZone('a')), [], 'NodeAffinity'],
  ['an affinity to a host, which gives way', {}, requiring(onHost('worker1')), [], undefined],
  ['enough room', {}, cpu('1'), [neighbour('1')], undefined],
  ['too little CPU', {}, cpu('1'), [neighbour('1100m')], 'NodeRoom'],
  ['room that finished pods left', {}, cpu('1'), [neighbour('2', 'Succeeded')], undefined],
  ['too many pods', {}, {}, [neighbour('0'), neighbour('0'), neighbour('0')], 'NodeRoom'],
  ['a resource that the node does not count', {}, cpu('0'), [], undefined],
] as const)('%s', (_, changes, spec, neighbours, name) => {
  const about = { node: nodeWith(changes), pod: facts({ spec }).pod, neighbours };
  const found = failures(runChecks(destination, about)).map((result) => result.name);
  expect(found).toEqual(name === undefined ? [] : [name]);
});
