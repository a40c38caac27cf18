import { describe, expect, it } from 'vitest';
import { pod } from '../kube/objects.ts';
import { objectionsToMove, objectionsToSave } from './checks.ts';

const facts = (spec: object) => ({
  asked: 'app',
  busyWith: undefined,
  pod: pod.parse({
    metadata: { name: 'app', namespace: 'default', uid: 'b0b0b0b0' },
    spec: { nodeName: 'worker1', containers: [{ name: 'app' }], ...spec },
    status: { phase: 'Running' },
  }),
});
const reasons = (spec: object) => objectionsToMove(facts(spec)).map(({ reason }) => reason);

describe('what keeps a pod from being moved', () => {
  it('is nothing in an ordinary pod, with volumes that are mounted anew', () => {
    const volumes = [
      { name: 'settings', configMap: { name: 'settings' } },
      { name: 'token', projected: { sources: [] } },
      { name: 'data', nfs: { server: 'store', path: '/' } },
    ];
    expect(reasons({ volumes })).toEqual([]);
  });

  it.each(['emptyDir', 'persistentVolumeClaim', 'ephemeral', 'csi'])(
    'is a volume of kind %s, by name',
    (kind) => {
      const [objection] = objectionsToMove(facts({ volumes: [{ name: 'scratch', [kind]: {} }] }));
      expect(objection).toMatchObject({
        reason: 'VolumeContents',
        message: expect.stringContaining(`scratch (${kind})`),
      });
    },
  );

  it.each(['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace'])('is %s', (name) => {
    expect(reasons({ [name]: true })).toEqual(['HostNamespaces']);
    expect(objectionsToSave(facts({ [name]: true })).map(({ reason }) => reason)).toEqual(['HostNamespaces']);
  });
});
