import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { samplePodSpec } from '../apps/pod.ts';
import { type Sample, samplePorts } from '../apps/sample.ts';

export interface SampleAppArgs {
  namespace: pulumi.Input<string>;
  sample: Sample;
  /** Image that every worker already has; nothing is pulled. */
  image: string;
  /** Node that the pod starts on. */
  node: string;
}

/**
 * One sample application: a bare pod, and a Service that follows the pod's label wherever it is moved to.
 * The pod asks the scheduler for its node instead of naming it, so that a copy can be placed elsewhere.
 */
export class SampleApp extends pulumi.ComponentResource {
  readonly podName: pulumi.Output<string>;
  readonly serviceName: pulumi.Output<string>;
  readonly clusterIP: pulumi.Output<string>;
  readonly namespace: pulumi.Output<string>;
  readonly port: number;

  constructor(args: SampleAppArgs, opts: pulumi.ComponentResourceOptions) {
    const { sample, namespace } = args;
    const { name } = sample;
    super('podferry:apps:SampleApp', name, {}, opts);
    const labels = { app: name };
    const pod = new k8s.core.v1.Pod(
      name,
      {
        metadata: { name, namespace, labels },
        spec: { ...samplePodSpec(sample, args.image), affinity: startOn(args.node) },
      },
      { parent: this },
    );
    const ports = samplePorts(sample).map((port) => ({ ...port, targetPort: port.port }));
    const service = new k8s.core.v1.Service(
      name,
      { metadata: { name, namespace, labels }, spec: { selector: labels, ports } },
      { parent: this, dependsOn: pod },
    );
    this.podName = pod.metadata.name;
    this.serviceName = service.metadata.name;
    this.namespace = service.metadata.namespace;
    this.clusterIP = service.spec.clusterIP;
    this.port = sample.port;
    this.registerOutputs({ podName: this.podName, serviceName: this.serviceName });
  }
}

/** Only the scheduler's first choice: a preference, so that a move elsewhere does not contradict it. */
function startOn(node: string): k8s.types.input.core.v1.Affinity {
  return {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          preference: {
            matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }],
          },
        },
      ],
    },
  };
}
