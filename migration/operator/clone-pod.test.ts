import { describe, expect, it } from 'vitest';
import { podDocument } from '../kube/objects.ts';
import {
  cloneForMigration,
  podAddresses,
  podFromCheckpoint,
  podTemplate,
  podTemplateOf,
} from './clone-pod.ts';

const token = { name: 'kube-api-access-x7k2p', projected: { sources: [{ serviceAccountToken: {} }] } };
const source = podDocument.parse({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'tick',
    namespace: 'default',
    uid: 'u1',
    resourceVersion: '7',
    generateName: 'tick-',
    ownerReferences: [],
    finalizers: ['x/y'],
    labels: { app: 'tick' },
    annotations: {
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
      'podferry.dev/checkpoint': 'old/place',
      snapshotPolicy: '',
      note: 'keep me',
    },
  },
  spec: {
    nodeName: 'worker1',
    priority: 0,
    preemptionPolicy: 'PreemptLowerPriority',
    overhead: {},
    serviceAccountName: 'tick',
    fieldOfTomorrow: { stays: true },
    tolerations: [{ key: 'k', operator: 'Exists' }],
    volumes: [token, { name: 'data', emptyDir: {} }, { name: 'kube-api-access-mine', emptyDir: {} }],
    containers: [
      {
        name: 'main',
        image: 'tick:1',
        alsoOfTomorrow: 1,
        volumeMounts: [
          { name: 'data', mountPath: '/data' },
          { name: token.name, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
        ],
      },
    ],
  },
  status: { phase: 'Running' },
});

const kept = { labels: {}, owners: [], isServing: true };

describe('the addresses of a pod', () => {
  const of = (status: object) => podAddresses({ ...source, status });

  it('are what its target takes over: IPv4 first, whatever Kubernetes calls the pod’s own', () => {
    expect(of({ podIPs: [{ ip: '10.244.1.3' }] })).toBe('10.244.1.3');
    expect(of({ podIPs: [{ ip: 'fd00::3' }, { ip: '10.244.1.3' }] })).toBe('10.244.1.3,fd00::3');
  });

  it('are none before it has any, and when they were taken out of its status', () => {
    expect(of({})).toBeUndefined();
    expect(of({ podIP: null, podIPs: null })).toBeUndefined();
  });
});

describe('the target of a migration', () => {
  const clone = cloneForMigration(source, 'tick-migration-1', { id: 'the-id', containers: ['tick'] }, kept, {
    on: 'worker2',
  });

  it('has a name, labels and annotations of its own line, and nothing that belongs to the source alone', () => {
    expect(clone.metadata).toEqual({
      name: 'tick-migration-1',
      namespace: 'default',
      labels: { app: 'tick' },
      annotations: {
        note: 'keep me',
        'podferry.dev/containers': 'tick',
        'podferry.dev/handover': '{"labels":{},"owners":[],"isServing":true}',
        'podferry.dev/migration': 'the-id',
        'podferry.dev/origin': 'tick',
        'podferry.dev/post-start': '{}',
      },
    });
    expect(clone).not.toHaveProperty('status');
    for (const field of ['nodeName', 'priority', 'preemptionPolicy', 'overhead']) {
      expect(clone.spec).not.toHaveProperty(field);
    }
  });

  it('keeps what it does not know, and every volume but the injected token', () => {
    expect(clone.spec).toMatchObject({
      serviceAccountName: 'tick',
      fieldOfTomorrow: { stays: true },
      runtimeClassName: 'podferry',
      volumes: [
        { name: 'data', emptyDir: {} },
        { name: 'kube-api-access-mine', emptyDir: {} },
      ],
      containers: [
        {
          name: 'main',
          image: 'tick:1',
          alsoOfTomorrow: 1,
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      ],
    });
  });

  it('of a pod that was moved before is placed anew and stays in its line', () => {
    const moved = podDocument.parse({ ...clone, metadata: { ...clone.metadata, uid: 'u2' } });
    const again = cloneForMigration(
      moved,
      'tick-migration-2',
      { id: 'next-id', containers: ['tick'] },
      kept,
      { on: 'worker1' },
    );
    expect(again.metadata.annotations['podferry.dev/origin']).toBe('tick');
    expect(again.metadata.annotations['podferry.dev/migration']).toBe('next-id');
    const direct = cloneForMigration(
      source,
      'tick-migration-2',
      { id: 'next-id', containers: ['tick'] },
      kept,
      { on: 'worker1' },
    );
    expect(again.spec).toEqual(direct.spec);
  });
});

describe('a pod from a checkpoint', () => {
  const owner = { kind: 'Podmigration', uid: 'o' };
  const pod = { name: 'copy-restore-1', namespace: 'default', labels: { migratingPod: 'r' }, owner };
  const saved = { directory: 'here/tick', containers: ['main'] };
  const annotations = {
    'podferry.dev/checkpoint': 'here/tick',
    'podferry.dev/containers': 'main',
    'podferry.dev/post-start': '{}',
  };

  it('is made from a template, in the words of the contract', () => {
    const template = podTemplate.parse({
      metadata: { name: 'copy', labels: { app: 'copy' }, annotations: { a: 'b' } },
      spec: { containers: [{ name: 'main', image: 'tick:1' }], nodeName: 'x' },
    });
    expect(podFromCheckpoint(template, pod, saved, {})).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'copy-restore-1',
        namespace: 'default',
        labels: { app: 'copy', migratingPod: 'r' },
        annotations: { a: 'b', ...annotations },
        ownerReferences: [owner],
      },
      spec: {
        containers: [{ name: 'main', image: 'tick:1' }],
        initContainers: [],
        runtimeClassName: 'podferry',
      },
    });
  });

  it('can be made from what the checkpoint remembers of a pod, wherever that ran', () => {
    const moved = cloneForMigration(
      source,
      'tick-migration-1',
      { id: 'the-id', containers: ['tick'] },
      kept,
      { on: 'worker2' },
    );
    const remembered = podTemplateOf(
      podDocument.parse({ ...moved, metadata: { ...moved.metadata, uid: 'u2' } }),
    );
    const copy = podFromCheckpoint(podTemplate.parse(remembered), pod, saved, {});
    expect(copy.metadata.labels).toEqual({ app: 'tick', migratingPod: 'r' });
    expect(copy.metadata.annotations).toEqual({ note: 'keep me', ...annotations });
    expect(copy.spec).not.toHaveProperty('affinity');
    expect(copy.spec).toHaveProperty('fieldOfTomorrow');
  });
});
