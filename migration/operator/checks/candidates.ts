import type { CheckResult, SourcePreflight } from '../../contract/agent-api.ts';
import { failed, failuresText, passed, runChecks, type Verdict } from '../../contract/verdict.ts';
import type { Node } from '../../kube/objects.ts';
import type { World } from '../run.ts';
import { askTarget, type Way } from './ask-agents.ts';
import { destination } from './destination.ts';
import type { PodDetail } from './pod-detail.ts';

/** So many agents are asked, a few at once: a cluster may have thousands of nodes, and one is enough. */
const MOST_ASKED = 64;
const AT_ONCE = 16;
/** So many nodes are named. */
const MOST_TOLD = 10;

/** Looks at every node that the scheduler could choose, and says which would do. */
export async function candidates(
  { cluster, agents }: Pick<World, 'cluster' | 'agents'>,
  pod: PodDetail,
  source: SourcePreflight | undefined,
  way: Way,
): Promise<CheckResult> {
  const others = cluster.nodes().filter((node) => node.metadata.name !== pod.spec.nodeName);
  const unfit = new Map<string, string>();
  for (const node of others) {
    const neighbours = cluster.podsOn(node.metadata.name);
    const why = failuresText(runChecks(destination, { node, pod, neighbours }));
    if (why !== '') unfit.set(node.metadata.name, why);
  }
  const asked = others.filter(({ metadata }) => !unfit.has(metadata.name)).slice(0, MOST_ASKED);
  for (let next = 0; next < asked.length; next += AT_ONCE) {
    const ask = async (node: Node) => {
      const why = failuresText((await askTarget(agents, node, source, pod, way)).results);
      if (why !== '') unfit.set(node.metadata.name, why);
    };
    await Promise.all(asked.slice(next, next + AT_ONCE).map(ask));
  }
  const fit = asked.map(({ metadata }) => metadata.name).filter((name) => !unfit.has(name));
  return { name: 'Candidates', ...verdict(fit, unfit) };
}

function verdict(fit: readonly string[], unfit: ReadonlyMap<string, string>): Verdict {
  const good = fit.length > 0 ? [`would do: ${fit.slice(0, MOST_TOLD).join(', ')}`] : [];
  const bad = [...unfit].slice(0, MOST_TOLD).map(([node, why]) => `${node} would not (${why})`);
  const more = unfit.size > MOST_TOLD ? [`nor would ${unfit.size - MOST_TOLD} more`] : [];
  const message = [...good, ...bad, ...more].join('; ') || 'there is no other node';
  return fit.length > 0 ? passed(message) : failed(message);
}
