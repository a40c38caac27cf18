import { describe, expect, it } from 'vitest';
import { podmigration } from '../contract/podmigration.ts';
import { ApiError, type KubeClient, type Method, type RequestDetails } from '../kube/client.ts';
import { KubeCluster } from './kube-cluster.ts';

type Answer = (method: Method, path: string, details: RequestDetails) => unknown;

function clusterWith(answer: Answer) {
  const requests: { method: Method; path: string; body: unknown }[] = [];
  const errors: unknown[] = [];
  const client: KubeClient = {
    request: async (method, path, details = {}) => {
      requests.push({ method, path, body: details.body });
      return answer(method, path, details);
    },
    stream: () => {
      throw new Error('not used');
    },
  };
  const watchers = {
    onMigration: () => undefined,
    onPod: () => undefined,
    onCheckpoint: () => undefined,
    onError: (_: string, error: unknown) => errors.push(error),
  };
  return { cluster: new KubeCluster(client, 'operator-1', watchers), requests, errors };
}

const raw = {
  apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
  kind: 'Podmigration',
  metadata: { name: 'm', namespace: 'default', uid: 'u', resourceVersion: '7', finalizers: ['other/one'] },
  spec: { action: 'live-migration', sourcePod: 'tick', template: { deep: { unknown: 1 } } },
};
const migration = podmigration.parse(raw);
const path = '/apis/podmig.dcn.ssu.ac.kr/v1/namespaces/default/podmigrations/m';

describe('the real cluster', () => {
  it('writes a status over nothing but the version that was read, and knows it at once', async () => {
    const newer = (_: Method, __: string, { body }: RequestDetails) => {
      const sent = body as typeof raw;
      return { ...sent, metadata: { ...sent.metadata, resourceVersion: '8' } };
    };
    const { cluster, requests } = clusterWith(newer);
    await cluster.writeStatus(migration, { state: 'Preparing', sourcePod: 'tick', sourceUid: 'p' });
    expect(requests).toMatchObject([
      {
        method: 'PUT',
        path: `${path}/status`,
        body: { metadata: { resourceVersion: '7' }, status: { state: 'Preparing' } },
      },
    ]);
    expect(cluster.migrationsOf('default', 'tick').map((m) => m.metadata.name)).toEqual(['m']);
    expect(cluster.migrationsOf('default', 'other')).toEqual([]);
  });

  it('sets and takes away its finalizer and no other', async () => {
    const { cluster, requests } = clusterWith(() => raw);
    await cluster.setFinalizer(migration, true);
    await cluster.setFinalizer(migration, false);
    expect(requests.map((r) => r.body)).toEqual([
      { metadata: { resourceVersion: '7', finalizers: ['other/one', 'podferry.dev/undo'] } },
      { metadata: { resourceVersion: '7', finalizers: ['other/one'] } },
    ]);
  });

  it('takes a pod’s address from it together with Ready, and gives both back', async () => {
    const { cluster, requests } = clusterWith(() => ({
      metadata: { name: 'tick', namespace: 'default', uid: 'p' },
      spec: { containers: [{ name: 'tick' }] },
    }));
    const pod = { namespace: 'default', name: 'tick', uid: 'p' };
    const condition = { reason: '', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };
    await cluster.patchReady(pod, { ...condition, status: 'False' }, []);
    await cluster.patchReady(pod, { ...condition, status: 'True' }, ['10.244.1.4']);
    await cluster.patchReady(pod, { ...condition, status: 'True' });
    const statuses = requests.map(({ body }) => (body as { status: object }).status);
    expect(statuses[0]).toMatchObject({ podIP: null, podIPs: null });
    expect(statuses[1]).toMatchObject({ podIP: '10.244.1.4', podIPs: [{ ip: '10.244.1.4' }] });
    expect(Object.keys(statuses[2] ?? {})).toEqual(['conditions']);
  });

  it('takes "not found" for an answer, and nothing else', async () => {
    const { cluster } = clusterWith((_, asked) => {
      throw new ApiError('GET', asked.endsWith('gone') ? 404 : 500, '', 'no');
    });
    expect(await cluster.readPod('default', 'gone')).toBeUndefined();
    expect(await cluster.readMigration('default', 'gone')).toBeUndefined();
    await expect(cluster.readPod('default', 'x')).rejects.toThrow(ApiError);
  });

  it.each([404, 409])('deletes a pod by its uid; %i means that it is gone', async (code) => {
    const { cluster, requests } = clusterWith(() => {
      throw new ApiError('DELETE', code, '', 'no');
    });
    await cluster.deletePod({ namespace: 'default', name: 'tick', uid: 'p' }, 1);
    expect(requests[0]).toMatchObject({
      method: 'DELETE',
      path: '/api/v1/namespaces/default/pods/tick',
      body: { gracePeriodSeconds: 1, preconditions: { uid: 'p' } },
    });
  });

  it('says when a pod’s name is taken, and passes on every other refusal', async () => {
    const manifest = {
      apiVersion: 'v1' as const,
      kind: 'Pod' as const,
      metadata: { name: 'x', namespace: 'default', labels: {}, annotations: {} },
      spec: {},
    };
    const refusing = (reason: string, code: number) =>
      clusterWith(() => {
        throw new ApiError('POST', code, reason, 'no');
      }).cluster.createPod(manifest);
    expect(await refusing('AlreadyExists', 409)).toBeUndefined();
    await expect(refusing('Conflict', 409)).rejects.toThrow();
    await expect(refusing('Forbidden', 403)).rejects.toThrow();
  });

  it('tells events that an API server takes, and survives those it does not', async () => {
    const { cluster, requests, errors } = clusterWith(() => {
      throw new ApiError('POST', 403, 'Forbidden', 'no');
    });
    const regarding = { apiVersion: 'v1', kind: 'Pod', name: 'tick', namespace: 'default', uid: 'p' };
    const note = 'x'.repeat(3000);
    cluster.tell(regarding, { type: 'Warning', reason: 'RolledBack', action: 'live-migration', note });
    await expect.poll(() => errors).toHaveLength(1);
    const body = requests[0]?.body as Record<string, string>;
    expect(body).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      reportingController: 'podferry-operator',
      reportingInstance: 'operator-1',
      regarding,
      reason: 'RolledBack',
    });
    expect(body.note).toHaveLength(1024);
  });
});
