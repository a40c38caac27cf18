import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { SmokeLab } from './lab.ts';
import { type Moved, moveProbes } from './moved-probes.ts';
import { PodSet, type PodSpec } from './pod-set.ts';
import { probeContainer } from './probe.ts';

/** Files of every kind, wherever a pod can have them: they go along, or are mounted anew where they are not the pod's. */

const image = inject('probeImage');
let lab: SmokeLab;
let set: PodSet;
let moved: Record<string, Moved>;

const HOST_FOLDER = '/run/podferry-smoke';
const WHERE = `${HOST_FOLDER}/where`;

/** A pod with a probe that has a volume at /data. */
function withVolume(groups: string[], volume: object): PodSpec {
  return {
    containers: [probeContainer(image, groups, { volumeMounts: [{ name: 'data', mountPath: '/data' }] })],
    volumes: [{ name: 'data', ...volume }],
  };
}

const pods: Record<string, PodSpec> = {
  layer: { containers: [probeContainer(image, ['tree:/srv', 'image_files', 'held:/srv'])] },
  disk: withVolume(['tree:/data', 'held:/data', 'watches:/data'], { emptyDir: {} }),
  memory: withVolume(['tree:/data', 'held:/data', 'watches:/data'], { emptyDir: { medium: 'Memory' } }),
  shm: { containers: [probeContainer(image, ['ipc:first', 'tree:/dev/shm', 'held:/dev/shm'])] },
  remounted: {
    containers: [
      probeContainer(image, ['remounted:/volumes'], {
        volumeMounts: ['config', 'secret', 'projected', 'down', 'host'].map((name) => ({
          name,
          mountPath: `/volumes/${name}`,
        })),
      }),
    ],
    volumes: [
      { name: 'config', configMap: { name: 'smoke-files' } },
      { name: 'secret', secret: { secretName: 'smoke-files' } },
      { name: 'projected', projected: { sources: [{ configMap: { name: 'smoke-files' } }] } },
      {
        name: 'down',
        downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] },
      },
      { name: 'host', hostPath: { path: HOST_FOLDER, type: 'Directory' } },
    ],
  },
};

const others = [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'smoke-files' },
    data: { setting: 'from the ConfigMap' },
  },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'smoke-files' },
    stringData: { password: 'from the Secret' },
  },
];

beforeAll(async () => {
  lab = await SmokeLab.open();
  set = new PodSet(lab, 'smoke-files');
  const say = (node: string) => lab.onNode(node, `mkdir -p ${HOST_FOLDER} && printf %s ${node} >${WHERE}`);
  await Promise.all(lab.workers.map(say));
  moved = await moveProbes(lab, set, pods, others);
});

afterAll(async () => {
  await set.remove();
  await Promise.all(lab.workers.map((node) => lab.onNode(node, `rm -rf ${HOST_FOLDER}`)));
  await lab.close();
});

describe.each(Object.keys(pods))('a pod with files: %s', (key) => {
  it('is moved, with the very process', () => {
    expect(moved[key]?.why).toBe('');
    expect(moved[key]?.state).toBe('Succeeded');
    expect(moved[key]?.after.nonce).toBe(moved[key]?.before.nonce);
  });

  it('keeps every property', () => {
    for (const [group, properties] of Object.entries(moved[key]?.report ?? {})) {
      const broken = Object.entries(properties).filter(([, verdict]) => verdict !== 'kept');
      expect(Object.fromEntries(broken), `${group} on ${key}`).toEqual({});
    }
  });
});
