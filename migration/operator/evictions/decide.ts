import { createHash } from 'node:crypto';
import { isFinal, type Podmigration } from '../../contract/podmigration.ts';
import { failures } from '../../contract/verdict.ts';
import type { Pod } from '../../kube/objects.ts';
import { isToMove } from './opted-in.ts';

/** The cluster as far as evictions need it; every answer is the API server's own. */
export interface EvictionWorld {
  readPod(namespace: string, name: string): Promise<Pod | undefined>;
  namespaceLabels(namespace: string): Promise<Record<string, string>>;
  /** Whether no new pods come to this node, as when it is being drained. */
  isCordoned(node: string): Promise<boolean>;
  /** The live-migrations of a namespace. */
  moves(namespace: string): Promise<Podmigration[]>;
  /** Begins a move to a node of the scheduler's choice; one of this name that is there already is fine. */
  move(pod: Pod, name: string): Promise<void>;
  callOff(move: Podmigration): Promise<void>;
  /** Notes on the pod that its move was given up, so that it is not begun again. */
  giveUp(pod: Pod): Promise<void>;
  isGivenUp(pod: Pod): boolean;
  tell(pod: Pod, reason: string, note: string): void;
  now(): Date;
}

/** Someone asks the API server to evict a pod. */
export interface Eviction {
  namespace: string;
  name: string;
  dryRun: boolean;
}

/**
 * `later`: whoever asks is to ask again, as `kubectl drain` does. `gone`: the pod that is meant is not there any more.
 */
export type Verdict =
  | { allowed: true; warning?: string }
  | { allowed: false; because: 'later' | 'gone'; message: string };

/** How long a move may wait for its turn before the eviction is let through without it. */
export const QUEUE_MS = 10 * 60_000;
/** How long the word of a move that failed holds; asked again later, it is tried again. */
const FAILURE_MS = 10 * 60_000;

/** Failures of these checks pass by themselves; the eviction itself would have to wait, too. */
const PASSING = new Set(['DisruptionBudget', 'PodFree']);

const allowed: Verdict = { allowed: true };
const notNow = (message: string): Verdict => ({ allowed: false, because: 'later', message });

/**
 * What becomes of an eviction. A pod that has opted in is moved to another node, and evictions are put off until it is: then it is
 * gone, and the next one finds nothing to evict. One that cannot be moved is evicted as any other, PodDisruptionBudgets and all, which
 * the API server looks at after this.
 */
export async function decide(world: EvictionWorld, { namespace, name, dryRun }: Eviction): Promise<Verdict> {
  const pod = await world.readPod(namespace, name);
  if (!pod || pod.metadata.deletionTimestamp !== undefined)
    return whenGone(world, { namespace, name, dryRun });
  if (!isToMove(pod.metadata.labels, await world.namespaceLabels(namespace))) return allowed;
  const moves = await world.moves(namespace);
  if (pod.status.phase !== 'Running') return whenNotRunning(moves, pod);
  if (dryRun) return { allowed: true, warning: `pod ${name} would be moved to another node first` };
  const ours = moves.find(({ metadata }) => metadata.name === moveName(pod));
  if (ours) return judge(world, pod, ours);
  const before = moves.find((move) => isArrival(move, pod));
  if (before && !(await world.isCordoned(pod.spec.nodeName)))
    return { allowed: false, because: 'gone', message: `pod ${name} was moved to ${pod.spec.nodeName}` };
  const other = underWay(moves, pod);
  if (other) return notNow(`pod ${name} is being moved by podmigration ${other.metadata.name}`);
  if (world.isGivenUp(pod)) return letGo(world, pod, 'its move waited too long for its turn');
  await world.move(pod, moveName(pod));
  return notNow(`pod ${name} is being moved to another node first, by podmigration ${moveName(pod)}`);
}

/**
 * A pod that keeps its name is on neither node for a moment, while its state is. Whoever clears its old node has to wait for that: they
 * might switch the node off, which is needed until the new one has it all.
 */
async function whenGone(world: EvictionWorld, { namespace, name, dryRun }: Eviction): Promise<Verdict> {
  if (dryRun) return allowed;
  const under = (await world.moves(namespace)).find((move) => isBetween(move, name));
  return under ? notNow(`pod ${name} is on its way, by podmigration ${under.metadata.name}`) : allowed;
}

/** The pod that a move has made may have its state by now, and run, before the kubelet has said so. */
function whenNotRunning(moves: readonly Podmigration[], pod: Pod): Verdict {
  const move = underWay(moves, pod);
  return move
    ? notNow(`pod ${pod.metadata.name} is arriving, by podmigration ${move.metadata.name}`)
    : allowed;
}

/** The same for every request about this very pod: one of several at once begins the move. */
export function moveName({ metadata }: Pod): string {
  const hash = createHash('sha256').update(metadata.uid).digest('hex').slice(0, 10);
  return `${PREFIX}${metadata.name.slice(0, 200).replace(/[-.]+$/, '')}-${hash}`;
}

async function judge(world: EvictionWorld, pod: Pod, move: Podmigration): Promise<Verdict> {
  const { metadata, status } = move;
  const by = `podmigration ${metadata.name}`;
  if (metadata.deletionTimestamp !== undefined) return notNow(`${by} is being called off`);
  if (status.state === 'Succeeded')
    return notNow(`pod ${pod.metadata.name} was moved by ${by}; it is going away`);
  if (status.state === 'Failed') return afterFailure(world, pod, move);
  if (isUnbegun(move) && world.now().getTime() - Date.parse(metadata.creationTimestamp ?? '') > QUEUE_MS) {
    await world.giveUp(pod);
    await world.callOff(move);
    return notNow(`${by} did not get its turn within ${QUEUE_MS / 60_000} minutes: it is called off`);
  }
  return notNow(`pod ${pod.metadata.name} is being moved by ${by}: ${status.state ?? 'Pending'}`);
}

async function afterFailure(world: EvictionWorld, pod: Pod, move: Podmigration): Promise<Verdict> {
  const { status } = move;
  const failed = failures(status.checks ?? []);
  const why = status.error?.message ?? 'no reason given';
  const isPassing = failed.length > 0 && failed.every(({ name }) => PASSING.has(name));
  const isOld = world.now().getTime() - Date.parse(status.finishedAt ?? '') > FAILURE_MS;
  if (!isPassing && !isOld) return letGo(world, pod, why);
  await world.callOff(move);
  return notNow(`pod ${pod.metadata.name} cannot be moved yet: ${why}`);
}

function letGo(world: EvictionWorld, pod: Pod, why: string): Verdict {
  world.tell(pod, 'EvictedUnmoved', `evicted without being moved: ${why}`);
  return { allowed: true, warning: `pod ${pod.metadata.name} is evicted without being moved: ${why}` };
}

/**
 * Whether a pod is what an eviction has moved, under the same name, as those of StatefulSets keep theirs. Whoever asks again about the
 * one that was evicted means this one by mistake, as long as nobody clears its new node.
 */
function isArrival({ metadata, status }: Podmigration, pod: Pod): boolean {
  const isOurs = metadata.name.startsWith(PREFIX) && status.state === 'Succeeded';
  return isOurs && status.targetPod === pod.metadata.name && status.sourceUid !== pod.metadata.uid;
}

/** The move under way that has this pod, or one of its name, as its source or target. */
const underWay = (moves: readonly Podmigration[], pod: Pod): Podmigration | undefined =>
  moves.find((move) => isAbout(move, pod) || isBetween(move, pod.metadata.name));

/** Whether a move that is not over makes a pod of this name anew. */
const isBetween = ({ spec, status }: Podmigration, name: string): boolean =>
  !isFinal(status.state) && !spec.dryRun && status.sourcePod === name && status.targetPod === name;

const PREFIX = 'evict-';

const isUnbegun = ({ status }: Podmigration): boolean => (status.state ?? 'Pending') === 'Pending';

/** Whether a move that is not over has this pod as its source or target. */
function isAbout({ spec, status }: Podmigration, { metadata }: Pod): boolean {
  if (isFinal(status.state) || spec.dryRun) return false;
  const uids = [status.sourceUid, status.targetUid];
  return uids.includes(metadata.uid) || (status.state === undefined && spec.sourcePod === metadata.name);
}
