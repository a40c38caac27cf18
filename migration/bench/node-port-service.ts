import type { StackOutputs } from '../contract/stack-outputs.ts';

/** What a Service leads to. */
export interface Served {
  /** Name of the Service, and value of the label of its pods. */
  name: string;
  label: string;
  port: number;
  /** Where the pods listen; by default at the Service's port. */
  targetPort?: number;
}

/** A Service that clients outside reach by a port of every node. */
export function nodePortService({ name, label, port, targetPort }: Served) {
  const labels = { [label]: name };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, labels },
    spec: { type: 'NodePort', selector: labels, ports: [{ port, targetPort }] },
  };
}

/** Host and port by which clients outside reach such a Service. */
export async function outsideAddress(
  name: string,
  { nodes }: StackOutputs,
  kubectl: (args: string[]) => Promise<string>,
): Promise<string> {
  const master = nodes.find(({ role }) => role === 'master');
  const nodePort = await kubectl(['get', 'service', name, '-o', 'jsonpath={.spec.ports[0].nodePort}']);
  return `${master?.address}:${nodePort}`;
}
