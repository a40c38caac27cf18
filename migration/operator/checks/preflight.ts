import type { CheckResult, SourcePreflight } from '../../contract/agent-api.ts';
import { failed, failures, passed, runChecks } from '../../contract/verdict.ts';
import type { Node, Pod, PodDocument } from '../../kube/objects.ts';
import type { Cluster } from '../cluster.ts';
import type { World } from '../run.ts';
import { addresses } from './addresses.ts';
import { askSource, askTarget, type Way } from './ask-agents.ts';
import { candidates } from './candidates.ts';
import { containers, type ProbeFacts, probes } from './containers.ts';
import { destination } from './destination.ts';
import { ignoring, withIgnored } from './ignored.ts';
import { isolation } from './isolation.ts';
import { ownership, type PodFacts, presence } from './pod.ts';
import { type PodDetail, podDetail } from './pod-detail.ts';
import { type PolicyFacts, policies } from './policies.ts';
import { claimsOf, type VolumeFacts, volumes } from './volumes.ts';

/** Whom the checks ask. */
type Askable = Pick<World, 'cluster' | 'agents'>;

/** What somebody wants to be done. */
export interface Wish extends Way {
  /** The name that was asked for. */
  asked: string;
  found: { pod: Pod; document: PodDocument } | undefined;
  busyWith: string | undefined;
  /** Empty: the scheduler chooses. */
  destHost: string;
  node: Node | undefined;
  ignored: readonly string[];
  /** Only an answer is wanted, so without a destination every node is looked at. */
  dryRun: boolean;
}

/** Can this pod be moved there? Looks at everything that can be looked at now, and touches nothing. */
export async function preflight(from: Askable, wish: Wish): Promise<CheckResult[]> {
  const results = [
    ...runChecks(ignoring, wish),
    { name: 'PodExists', ...existence(wish) },
    ...(wish.found ? await aboutPod(from, wish, wish.found) : withoutPod(wish)),
  ];
  return withIgnored(results, wish.ignored);
}

/** Whether a pod can be saved: what keeps it from being dumped, or its state from being whole. */
export async function preflightSave(
  cluster: Cluster,
  wish: Pick<Wish, 'asked' | 'found' | 'busyWith'>,
): Promise<CheckResult[]> {
  const existing = { name: 'PodExists', ...existence(wish) };
  if (!wish.found) return [existing];
  const facts = { pod: podDetail.parse(wish.found.document), busyWith: wish.busyWith };
  const all = { ...presence, ...isolation, ...containers };
  return [existing, ...runChecks(all, facts), ...runChecks(volumes, await withClaims(cluster, facts))];
}

/** What the node that the scheduler chose says, for a wish that named none. */
export async function preflightChosen(
  { cluster, agents }: Askable,
  { pod, document }: { pod: Pod; document: PodDocument },
  node: Node,
  wish: Way & Pick<Wish, 'ignored'>,
): Promise<CheckResult[]> {
  const source = await askSource(agents, cluster.node(pod.spec.nodeName), pod, wish);
  const target = await askTarget(agents, node, source.answer, podDetail.parse(document), wish);
  return withIgnored([...failures(source.results), ...target.results], wish.ignored);
}

const existence = ({ asked, found }: Pick<Wish, 'asked' | 'found'>) =>
  found ? passed() : failed(`there is no pod ${asked} in this namespace`);

/** Whether a pod may run on a node, by what the API server knows. */
export function preflightDestination(
  cluster: Cluster,
  asked: string,
  node: Node | undefined,
  pod: PodDetail,
): CheckResult[] {
  if (!node) return [{ name: 'NodeExists', ...failed(`there is no node ${asked}`) }];
  const neighbours = cluster.podsOn(node.metadata.name);
  return [{ name: 'NodeExists', ...passed() }, ...runChecks(destination, { node, pod, neighbours })];
}

const withoutPod = ({ destHost, node }: Wish): CheckResult[] =>
  destHost === '' || node ? [] : [{ name: 'NodeExists', ...failed(`there is no node ${destHost}`) }];

async function aboutPod(
  from: Askable,
  wish: Wish,
  { pod, document }: NonNullable<Wish['found']>,
): Promise<CheckResult[]> {
  const { cluster, agents } = from;
  const facts: PodFacts = { pod: podDetail.parse(document), busyWith: wish.busyWith };
  const node = cluster.node(pod.spec.nodeName);
  const [claims, source] = await Promise.all([
    withClaims(cluster, facts),
    askSource(agents, node, pod, wish),
  ]);
  return [
    ...runChecks(presence, facts),
    ...runChecks(ownership, facts),
    ...runChecks(isolation, facts),
    ...runChecks(volumes, claims),
    ...runChecks(containers, facts),
    ...runChecks(probes, probeFacts(facts, source.answer)),
    ...runChecks(policies, withPolicies(cluster, facts)),
    ...runChecks(addresses, { ...facts, address: wish.address, source: node }),
    ...source.results,
    ...(await aboutDestination(from, wish, facts.pod, source.answer)),
  ];
}

async function aboutDestination(
  from: Askable,
  { node, destHost, transport, address, dryRun }: Wish,
  pod: PodDetail,
  source: SourcePreflight | undefined,
): Promise<CheckResult[]> {
  if (destHost === '') return dryRun ? [await candidates(from, pod, source, { transport, address })] : [];
  const known = preflightDestination(from.cluster, destHost, node, pod);
  if (!node) return known;
  const target = await askTarget(from.agents, node, source, pod, { transport, address });
  return [...known, ...target.results];
}

async function withClaims(cluster: Cluster, facts: PodFacts): Promise<VolumeFacts> {
  const { namespace } = facts.pod.metadata;
  const names = claimsOf(facts.pod.spec.volumes);
  const claims = await Promise.all(names.map((name) => cluster.readClaim(namespace, name)));
  return { ...facts, claims: new Map(names.map((name, index) => [name, claims[index]])) };
}

function withPolicies(cluster: Cluster, facts: PodFacts): PolicyFacts {
  const { namespace } = facts.pod.metadata;
  return {
    ...facts,
    budgets: cluster.budgets(namespace),
    quotas: cluster.quotas(namespace),
    networkPolicies: cluster.networkPolicies(namespace),
  };
}

const probeFacts = (facts: PodFacts, source: SourcePreflight | undefined): ProbeFacts => ({
  ...facts,
  memoryBytes: source?.memoryBytes ?? 0,
});
