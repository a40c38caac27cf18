/** How many live migrations may be under way at once, from the target being made to the source being gone. */
export interface Limits {
  /** At one node, be it as source or as target. */
  perNode: number;
  perCluster: number;
}

/** What a migration takes up, or would. Without a target the scheduler still has to choose one. */
export interface Claim {
  /** Names the migration: unlike any other. */
  key: string;
  /** When it was asked for, in RFC 3339. */
  since: string;
  source: string;
  target: string | undefined;
}

/** Who comes first: by the time of asking, which the API server keeps in seconds, then by name. */
export function inOrder(a: Claim, b: Claim): number {
  return Date.parse(a.since) - Date.parse(b.since) || (a.key < b.key ? -1 : 1);
}

/** How full the nodes are. A migration whose target the scheduler still has to choose counts at every node. */
class Load {
  readonly #limits: Limits;
  readonly #at = new Map<string, number>();
  #everywhere = 0;
  total = 0;

  constructor(limits: Limits, active: readonly Claim[]) {
    this.#limits = limits;
    for (const claim of active) this.add(claim);
  }

  add(claim: Claim): void {
    this.total += 1;
    if (claim.target === undefined) this.#everywhere += 1;
    else this.reserve(claim);
  }

  /** Keeps room at the nodes for one that is ahead in the queue. */
  reserve({ source, target }: Claim): void {
    for (const node of new Set([source, target])) {
      if (node !== undefined) this.#at.set(node, (this.#at.get(node) ?? 0) + 1);
    }
  }

  isFull(node: string): boolean {
    return this.#everywhere + (this.#at.get(node) ?? 0) >= this.#limits.perNode;
  }

  /** Why this one cannot begin now. */
  obstacle({ source, target }: Claim, choices: readonly string[]): string | undefined {
    const { perNode, perCluster } = this.#limits;
    if (this.total >= perCluster)
      return `${perCluster} migrations are under way, and there may be no more at a time`;
    const full = [source, target].find((node) => node !== undefined && this.isFull(node));
    const limit = `${perNode} migrations are at it or wait for it, and there may be no more at a time`;
    if (full !== undefined) return `node ${full} is taken: ${limit}`;
    const hasChoice = target !== undefined || choices.some((node) => node !== source && !this.isFull(node));
    return hasChoice ? undefined : `every node it could go to is taken: ${limit}`;
  }
}

/**
 * What keeps each of `waiting` from beginning now; undefined for those whose turn it is. First come, first served: one
 * that cannot begin keeps its place at its nodes, so that none behind it takes that, but lets those pass that go between
 * other nodes. `choices`: the nodes that a scheduler may choose from.
 */
export function turns(
  waiting: readonly Claim[],
  active: readonly Claim[],
  limits: Limits,
  choices: readonly string[],
): Map<string, string | undefined> {
  const load = new Load(limits, active);
  const obstacles = new Map<string, string | undefined>();
  for (const claim of waiting.toSorted(inOrder)) {
    const obstacle = load.obstacle(claim, choices);
    obstacles.set(claim.key, obstacle);
    if (obstacle === undefined) load.add(claim);
    else load.reserve(claim);
  }
  return obstacles;
}

/** The nodes at which there is no room for one more besides `active`. */
export function fullNodes(active: readonly Claim[], limits: Limits, nodes: readonly string[]): string[] {
  const load = new Load(limits, active);
  return nodes.filter((node) => load.isFull(node));
}
