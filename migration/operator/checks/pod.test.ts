import { expect, it } from 'vitest';
import { failures, runChecks } from '../../contract/verdict.ts';
import { ownership, presence } from './pod.ts';
import { facts } from './testing.ts';

const all = { ...presence, ...ownership };
const ownedBy = (apiVersion: string, kind: string) =>
  facts({ metadata: { ownerReferences: [{ apiVersion, kind, name: 'web', controller: true }] } });

it.each([
  ['an ordinary pod', facts(), undefined],
  ['a pod being deleted', facts({ metadata: { deletionTimestamp: 'now' } }), /^PodRunning: .*being deleted/],
  ['a pod that waits', facts({ status: { phase: 'Pending' } }), /^PodRunning: .*Pending, not Running/],
  ['a pod that is over', facts({ status: { phase: 'Succeeded' } }), /^PodRunning/],
  ['a pod of another migration', { ...facts(), busyWith: 'first' }, /^PodFree: .*podmigration first/],
  ['our RuntimeClass', facts({ spec: { runtimeClassName: 'podferry' } }), undefined],
  ['another RuntimeClass', facts({ spec: { runtimeClassName: 'kata' } }), /^Runtime: .*kata/],
  [
    'a static pod',
    facts({
      metadata: {
        annotations: { 'kubernetes.io/config.mirror': 'x' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'worker1', controller: true }],
      },
    }),
    /^StaticPod: .*worker1/,
  ],
  ['a ReplicaSet’s', ownedBy('apps/v1', 'ReplicaSet'), undefined],
  ['a StatefulSet’s', ownedBy('apps/v1', 'StatefulSet'), undefined],
  ['a Job’s', ownedBy('batch/v1', 'Job'), undefined],
  ['a DaemonSet’s', ownedBy('apps/v1', 'DaemonSet'), /^Controller: DaemonSet web/],
  [
    'a ReplicationController’s',
    ownedBy('v1', 'ReplicationController'),
    /^Controller: .*ReplicationController web/,
  ],
  ['a Job of another group', ownedBy('batch.example.io/v1', 'Job'), /^Controller: .*Job web/],
])('%s', (_, about, objection) => {
  const texts = failures(runChecks(all, about)).map(({ name, message }) => `${name}: ${message}`);
  expect(texts).toEqual(objection === undefined ? [] : [expect.stringMatching(objection)]);
});
