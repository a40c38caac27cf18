import type { AddressChoice, CheckResult, SourcePreflight, Transport } from '../../contract/agent-api.ts';
import type { Node, Pod } from '../../kube/objects.ts';
import { AgentRefusal, type Agents, AgentUnreachable } from '../agents.ts';
import { runningContainers } from '../containers.ts';
import type { PodDetail } from './pod-detail.ts';

/** How a pod is to be moved, as far as the agents' checks depend on it. */
export interface Way {
  transport: Transport;
  address: AddressChoice;
}

/** What an agent said: its answer, when it gave one, and what comes of it. */
export interface Asked<Answer> {
  answer: Answer | undefined;
  results: CheckResult[];
}

/** Lets the agent of the pod's node look at the running pod. */
export async function askSource(
  agents: Agents,
  node: Node | undefined,
  pod: Pod,
  { transport, address }: Way,
): Promise<Asked<SourcePreflight>> {
  const containers = runningContainers(pod);
  if (!node || pod.status.phase !== 'Running' || containers.length === 0)
    return notAsked('SourceAgent', 'not asked: the pod does not run');
  const { namespace, name: podName, uid: podUid } = pod.metadata;
  const request = { source: { namespace, pod: podName, podUid }, containers, transport, address };
  return asked('SourceAgent', () => agents.preflightSource(node, request));
}

/** Lets the destination's agent compare the source with itself. */
export async function askTarget(
  agents: Agents,
  node: Node,
  source: SourcePreflight | undefined,
  pod: PodDetail,
  { transport, address }: Way,
): Promise<Asked<{ checks: CheckResult[] }>> {
  if (!source) return notAsked('TargetAgent', 'not asked: nothing is known of the source');
  const { facts, memoryBytes, fileBytes } = source;
  const request = { source: facts, memoryBytes, fileBytes, images: imagesOf(pod), transport, address };
  return asked('TargetAgent', () => agents.preflightTarget(node, request));
}

/** The images that have to be there: of all containers when there are several. The only one is pulled before the freeze. */
function imagesOf({ status, spec }: PodDetail): string[] {
  const sidecars = spec.initContainers.filter((c) => c.restartPolicy === 'Always').map((c) => c.name);
  const statuses = [
    ...status.initContainerStatuses.filter(({ name }) => sidecars.includes(name)),
    ...status.containerStatuses,
  ];
  if (statuses.length < 2) return [];
  return [...new Set(statuses.map(({ imageID }) => imageID).filter((id) => id !== ''))];
}

async function asked<Answer extends { checks: CheckResult[] }>(
  name: 'SourceAgent' | 'TargetAgent',
  ask: () => Promise<Answer>,
): Promise<Asked<Answer>> {
  try {
    const answer = await ask();
    return { answer, results: [{ name, status: 'passed', message: '' }, ...answer.checks] };
  } catch (error) {
    if (!(error instanceof AgentUnreachable || error instanceof AgentRefusal)) throw error;
    return { answer: undefined, results: [{ name, status: 'failed', message: error.message }] };
  }
}

const notAsked = <Answer>(name: string, message: string): Asked<Answer> => ({
  answer: undefined,
  results: [{ name, status: 'skipped', message }],
});
