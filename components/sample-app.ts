import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { RUNTIME_CLASS } from '../migration/contract/annotations.ts';

export interface SampleAppArgs {
  namespace: pulumi.Input<string>;
  /** Image that every node already has; nothing is pulled. */
  image: string;
  /** TCP port that the app answers on, and its Service with it. */
  port: number;
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

  constructor(name: string, args: SampleAppArgs, opts: pulumi.ComponentResourceOptions) {
    super('podferry:apps:SampleApp', name, {}, opts);
    const labels = { app: name };
    const child = { parent: this };
    const pod = new k8s.core.v1.Pod(
      name,
      {
        metadata: { name, namespace: args.namespace, labels },
        spec: {
          runtimeClassName: RUNTIME_CLASS,
          terminationGracePeriodSeconds: 1,
          affinity: startOn(args.node),
          containers: [
            {
              name,
              image: args.image,
              imagePullPolicy: 'Never',
              ports: [{ name: 'main', containerPort: args.port }],
              env: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
            },
          ],
        },
      },
      child,
    );
    const service = new k8s.core.v1.Service(
      name,
      {
        metadata: { name, namespace: args.namespace, labels },
        spec: { selector: labels, ports: [{ name: 'main', port: args.port, targetPort: args.port }] },
      },
      { parent: this, dependsOn: pod },
    );
    this.podName = pod.metadata.name;
    this.serviceName = service.metadata.name;
    this.namespace = service.metadata.namespace;
    this.clusterIP = service.spec.clusterIP;
    this.port = args.port;
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
