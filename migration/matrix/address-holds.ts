import { z } from 'zod';
import { type MatrixLab, ON_NODE_SECONDS } from './matrix-lab.ts';
import type { Subject, SubjectPod } from './subject.ts';

const allPods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        namespace: z.string(),
        name: z.string(),
        deletionTimestamp: z.string().optional(),
      }),
      spec: z.object({ hostNetwork: z.boolean().optional() }),
      status: z.object({ phase: z.string().optional(), podIP: z.string().optional() }),
    }),
  ),
});

/**
 * What of a pod's address does not hold after a move that was to keep it; empty when all does: it is the one from before, no other pod's
 * too, and redis answers at it from every node, also by its Service.
 */
export async function addressFaults(
  lab: MatrixLab,
  subject: Subject,
  before: SubjectPod,
  { address }: SubjectPod,
): Promise<string[]> {
  const service = await subject.kubectl(['get', 'service', subject.name, '-o', 'jsonpath={.spec.clusterIP}']);
  const [owners, silent] = await Promise.all([
    ownersOf(lab, address),
    Promise.all([address, service].map((to) => silentFrom(lab, to))),
  ]);
  return [
    ...(address === before.address ? [] : [`its address is ${address}; it was ${before.address}`]),
    ...(owners.length === 1 ? [] : [`${address} is the address of ${owners.join(' and ') || 'nobody'}`]),
    ...silent.flat(),
  ];
}

async function ownersOf(lab: MatrixLab, address: string): Promise<string[]> {
  const list = await lab.kubectl(['get', 'pods', '--all-namespaces', '-o', 'json'], 30);
  return allPods
    .parse(JSON.parse(list))
    .items.filter(({ metadata, spec, status }) => {
      const lives = metadata.deletionTimestamp === undefined && status.phase === 'Running';
      return lives && spec.hostNetwork !== true && status.podIP === address;
    })
    .map(({ metadata }) => metadata.name);
}

/** From which nodes redis does not answer there. */
async function silentFrom(lab: MatrixLab, address: string): Promise<string[]> {
  const ask = `timeout 10 bash -c 'exec 3<>/dev/tcp/${address}/6379 && echo PING >&3 && head -c 5 <&3' 2>&1 || true`;
  const answers = await Promise.all(
    lab.outputs.nodes.map(async ({ name }) => ({ name, said: await lab.onNode(name, ask, ON_NODE_SECONDS) })),
  );
  return answers
    .filter(({ said }) => said.trim() !== '+PONG')
    .map(({ name, said }) => `${address} does not answer on ${name}: '${said.trim()}'`);
}
