import { expect, it } from 'vitest';
import { samplePodSpec } from './pod.ts';
import { type Sample, samplePorts } from './sample.ts';

const sample: Sample = {
  name: 'example',
  state: 'none',
  image: 'small',
  port: 8080,
  memory: '32Mi',
  startSeconds: 7,
  answering: { http: '/' },
  question: { http: '/' },
  lost: () => [],
};
const containerOf = (more: Partial<Sample>) => samplePodSpec({ ...sample, ...more }, 'image:1').containers[0];

it('sets nothing that a sample does not ask for', () => {
  const spec = samplePodSpec(sample, 'image:1');
  expect(Object.keys(spec)).toEqual(['runtimeClassName', 'terminationGracePeriodSeconds', 'containers']);
  expect(Object.keys(spec.containers[0] ?? {})).not.toContain('command');
});

it('waits for the first answer no longer than the sample takes', () => {
  expect(containerOf({})?.startupProbe).toEqual({
    httpGet: { path: '/', port: 8080 },
    periodSeconds: 1,
    failureThreshold: 7,
  });
  const bytes = { send: 'PING\r\n', expect: '+PONG' };
  expect(containerOf({ answering: bytes })?.startupProbe).toMatchObject({ tcpSocket: { port: 8080 } });
});

it('mounts an emptyDir for every path that asks for one', () => {
  const spec = samplePodSpec({ ...sample, emptyDirs: ['/data', '/more'] }, 'image:1');
  expect(spec.volumes).toEqual([
    { name: 'data-0', emptyDir: {} },
    { name: 'data-1', emptyDir: {} },
  ]);
  expect(spec.containers[0]?.volumeMounts).toContainEqual({ name: 'data-1', mountPath: '/more' });
});

it('names every port', () => {
  expect(samplePorts({ ...sample, morePorts: { management: 15672 } })).toEqual([
    { name: 'main', port: 8080 },
    { name: 'management', port: 15672 },
  ]);
});
