import { expect, it } from 'vitest';
import { postStartCommands, startedLongAgo } from './started-containers.ts';

const hook = {
  postStart: { exec: { command: ['sh', '-c', 'echo started'] } },
  preStop: { sleep: { seconds: 1 } },
};
const spec = {
  schedulerName: 'kept',
  containers: [
    {
      name: 'main',
      readinessProbe: { httpGet: { port: 80 }, initialDelaySeconds: 30, periodSeconds: 2 },
      startupProbe: { exec: {}, initialDelaySeconds: 60 },
      livenessProbe: { exec: {}, initialDelaySeconds: 60 },
      lifecycle: hook,
    },
    { name: 'done', lifecycle: hook },
  ],
  initContainers: [
    {
      name: 'sidecar',
      restartPolicy: 'Always',
      startupProbe: { exec: {} },
      lifecycle: { postStart: { httpGet: {} } },
    },
    { name: 'init', lifecycle: {} },
  ],
};

it('containers that started long ago are asked at once whether they are ready; all else is as it was', () => {
  expect(startedLongAgo(spec)).toEqual({
    ...spec,
    containers: [
      {
        ...spec.containers[0],
        readinessProbe: { httpGet: { port: 80 }, initialDelaySeconds: 0, periodSeconds: 2 },
      },
      spec.containers[1],
    ],
    initContainers: [
      { name: 'sidecar', restartPolicy: 'Always', lifecycle: { postStart: { httpGet: {} } } },
      spec.initContainers[1],
    ],
  });
});

it('the exec hooks of the containers that go on are told, and no others', () => {
  expect(postStartCommands(spec, ['sidecar', 'main'])).toEqual({ main: ['sh', '-c', 'echo started'] });
});
