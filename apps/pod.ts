import { RUNTIME_CLASS } from '../migration/contract/annotations.ts';
import { type Sample, samplePorts } from './sample.ts';

/**
 * The spec of a sample's pod, as Kubernetes reads it; where it runs is added by who starts it.
 * @param image reference of its image, which every worker has: nothing is pulled
 */
export function samplePodSpec(sample: Sample, image: string) {
  const volumes = (sample.emptyDirs ?? []).map((mountPath, index) => ({ name: `data-${index}`, mountPath }));
  return {
    runtimeClassName: RUNTIME_CLASS,
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: sample.name,
        image,
        imagePullPolicy: 'Never',
        ...(sample.command && { command: [...sample.command] }),
        ...(sample.args && { args: [...sample.args] }),
        ports: samplePorts(sample).map(({ name, port }) => ({ name, containerPort: port })),
        env: [
          { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
          ...Object.entries(sample.env ?? {}).map(([name, value]) => ({ name, value })),
        ],
        resources: { requests: { memory: sample.memory } },
        // Without a probe a pod is Ready as soon as it is started, and nobody may be listening yet.
        startupProbe: { ...probeOf(sample), periodSeconds: 1, failureThreshold: sample.startSeconds },
        ...(volumes.length > 0 && { volumeMounts: volumes }),
      },
    ],
    ...(volumes.length > 0 && { volumes: volumes.map(({ name }) => ({ name, emptyDir: {} })) }),
  };
}

function probeOf({ answering, port }: Sample) {
  return 'http' in answering ? { httpGet: { path: answering.http, port } } : { tcpSocket: { port } };
}
