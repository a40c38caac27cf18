import type {
  AgentFailure,
  CheckpointRecord,
  CheckpointRequest,
  CheckResult,
  HandOverRequest,
  MoveRequest,
  NodeFacts,
  RemoveCheckpointRequest,
  SourcePreflight,
  SourceRecord,
  StoredCheckpoint,
  StoredCheckpointQuery,
  TargetPreflight,
  TargetRecord,
} from '../../contract/agent-api.ts';
import { CHECKPOINT_ANNOTATION, MIGRATION_ANNOTATION } from '../../contract/annotations.ts';
import type { Node } from '../../kube/objects.ts';
import { AgentRefusal, type Agents, AgentUnreachable } from '../agents.ts';
import type { FakeCluster, Interference } from './fake-cluster.ts';
import { FakeStore } from './fake-store.ts';

/** What comes of a move, as far as the agents are concerned. */
export type Fate =
  /** The source decided to commit and the target was told. */
  | 'restored'
  | 'dump fails'
  | 'restore fails'
  /** The source decided to commit and died before it could tell. */
  | 'committed untold'
  /** Undecided for as long as nobody asks for an end, and then `lateLuck` decides: with and without a whole target. */
  | 'staged'
  | 'restoring'
  /** The source decided to commit and what it staged is lost before it was told. */
  | 'target lost';

const CRIU_LINE = 'Error (criu/sk-inet.c:191): inet: unsupported socket';
const failure = (step: string): AgentFailure => ({
  step,
  message: `${step} did not work`,
  criuLog: [CRIU_LINE],
});

/** What becomes of a held pod. */
type HeldState = 'held' | 'kept' | 'complete' | 'released';

/**
 * Agents in memory that keep to the protocol, and a referee: at every moment it checks that not both the source and
 * the target of a move run, and that no one ends the only one that can.
 */
export class FakeAgents implements Agents {
  fate: Fate = 'restored';
  /** Whether a source that has not decided yet commits just before it is told to stop. */
  lateLuck = false;
  /** Nodes whose agents do not answer. */
  readonly silent = new Set<string>();
  readonly store = new FakeStore();
  checkpointFails = false;
  readonly checkpoints = new Map<string, CheckpointRequest>();
  /** To which node's address what was held for a checkpoint's pod went. */
  readonly handedOver = new Map<string, string>();
  readonly moves: MoveRequest[] = [];
  /** How often a source was looked at. */
  preflights = 0;
  /** What agents find when they look before a move. */
  preflightSays: { source: CheckResult[]; target: CheckResult[] } = { source: [], target: [] };
  readonly #sources = new Map<string, SourceRecord['state']>();
  readonly #targets = new Map<string, TargetRecord['state']>();
  readonly #failed = new Map<string, AgentFailure>();
  readonly #dead = new Set<string>();
  /** Checkpoints whose pods were held. */
  readonly #held = new Map<string, HeldState>();
  /** Hashes of the checkpoints that were taken. */
  readonly #saved = new Map<string, string>();
  readonly #cluster: FakeCluster;
  readonly #interfere: Interference;

  constructor(cluster: FakeCluster, interfere: Interference = () => undefined) {
    this.#cluster = cluster;
    this.#interfere = interfere;
  }

  /** Whether processes of the source run: never frozen, or thawed again. */
  sourceRuns(id: string): boolean {
    return !this.#dead.has(id) && ['absent', 'thawed'].includes(this.#sourceState(id));
  }

  /** What became of a pod that was held: undefined for one that never was. */
  heldState(id: string): HeldState | undefined {
    return this.#held.get(id);
  }

  targetRuns(id: string): boolean {
    return this.#targets.get(id) === 'restored';
  }

  sourceState(id: string): SourceRecord['state'] {
    return this.#sourceState(id);
  }

  /** The source's host dies, with all that ran on it. */
  killSource(id: string, node: string): void {
    this.#dead.add(id);
    this.silent.add(node);
  }

  /** The deadline of the source's agent strikes. */
  lapse(id: string): void {
    if (this.#sourceState(id) === 'moving' && !this.#dead.has(id)) this.#undoMove(id, 'deadline');
  }

  urlOf(node: Node): string {
    return `https://${node.metadata.name}`;
  }

  async source(node: Node, id: string): Promise<SourceRecord> {
    return this.#call('source', node, () => this.#sourceRecord(id));
  }

  async move(node: Node, id: string, request: MoveRequest): Promise<SourceRecord> {
    return this.#call('move', node, () => {
      this.moves.push(request);
      this.deliverMove(id);
      return this.#sourceRecord(id);
    });
  }

  /** A request to move arrives; also one that its sender has long given up. */
  deliverMove(id: string): void {
    if (this.#sourceState(id) === 'absent') this.#moveNow(id);
  }

  async abortSource(node: Node, id: string): Promise<SourceRecord> {
    return this.#call('abortSource', node, () => {
      const isWhole = this.#targets.get(id) === 'staged';
      if (this.#sourceState(id) === 'moving' && isWhole && this.lateLuck) this.#setSource(id, 'committed');
      if (['committed', 'released'].includes(this.#sourceState(id)))
        throw new AgentRefusal('the source is committed', 409, 'abort', []);
      this.#setSource(id, 'thawed');
      return this.#sourceRecord(id);
    });
  }

  async reclaimSource(node: Node, id: string): Promise<SourceRecord> {
    return this.#call('reclaimSource', node, () => {
      if (this.#sourceState(id) !== 'thawed') {
        if (this.#sourceState(id) !== 'committed' || this.targetRuns(id))
          throw new AgentRefusal('its target runs', 409, 'reclaim', []);
        this.#setSource(id, 'thawed');
      }
      return this.#sourceRecord(id);
    });
  }

  async release(node: Node, id: string): Promise<SourceRecord> {
    return this.#call('release', node, () => {
      if (!this.targetRuns(id))
        throw new SplitBrain(`the source of ${id} is killed and its target does not run`);
      this.#setSource(id, 'released');
      return this.#sourceRecord(id);
    });
  }

  async target(node: Node, id: string): Promise<TargetRecord> {
    return this.#call('target', node, () => this.#targetRecord(id));
  }

  async awaitTarget(node: Node, id: string): Promise<TargetRecord> {
    return this.#call('awaitTarget', node, () => this.#targetRecord(id));
  }

  async resumeTarget(node: Node, id: string): Promise<TargetRecord> {
    return this.#call('resumeTarget', node, () => {
      const { state } = this.#targetRecord(id);
      if (state === 'restored') return this.#targetRecord(id);
      if (state !== 'staged') throw new AgentRefusal(`the target is ${state}`, 409, 'resume', []);
      if (this.#sourceState(id) === 'moving' && !this.#dead.has(id))
        throw new SplitBrain(`the target of ${id} runs before its source has decided`);
      this.#setTarget(id, 'restored');
      return this.#targetRecord(id);
    });
  }

  async abortTarget(node: Node, id: string): Promise<TargetRecord> {
    return this.#call('abortTarget', node, () => {
      const { state } = this.#targetRecord(id);
      const isChosen = this.#sourceState(id) === 'committed';
      if (state === 'staged' && (isChosen || this.#dead.has(id)))
        throw new SplitBrain(`the target of ${id} is ended, and it is all there is`);
      if (state !== 'restored') this.#setTarget(id, 'refused');
      return this.#targetRecord(id);
    });
  }

  async checkpoint(node: Node, id: string): Promise<CheckpointRecord> {
    return this.#call('checkpoint', node, () => this.#checkpointRecord(id));
  }

  async startCheckpoint(node: Node, id: string, request: CheckpointRequest): Promise<CheckpointRecord> {
    return this.#call('startCheckpoint', node, () => {
      this.checkpoints.set(id, request);
      if (!this.checkpointFails && !this.#saved.has(id)) {
        this.#saved.set(id, this.store.take(request));
        if (request.hold) this.#held.set(id, 'held');
      }
      return this.#checkpointRecord(id);
    });
  }

  /** The agent's own clock: a held pod that nobody asked to keep runs again. */
  letGo(id: string): void {
    if (this.#held.get(id) === 'held') this.#held.set(id, 'complete');
  }

  async keepCheckpoint(node: Node, id: string): Promise<CheckpointRecord> {
    return this.#call('keepCheckpoint', node, () => {
      const state = this.#held.get(id);
      if (state !== 'held' && state !== 'kept') throw new AgentRefusal('it is not held', 409, 'keep', []);
      this.#held.set(id, 'kept');
      return this.#checkpointRecord(id);
    });
  }

  async abortCheckpoint(node: Node, id: string): Promise<CheckpointRecord> {
    return this.#call('abortCheckpoint', node, () => {
      if (this.#held.get(id) === 'released') throw new AgentRefusal('it was killed', 409, 'abort', []);
      if (this.#held.has(id)) this.#held.set(id, 'complete');
      return this.#checkpointRecord(id);
    });
  }

  async releaseCheckpoint(node: Node, id: string): Promise<CheckpointRecord> {
    return this.#call('releaseCheckpoint', node, () => {
      const state = this.#held.get(id);
      if (state !== 'kept' && state !== 'released')
        throw new AgentRefusal('it is not kept', 409, 'release', []);
      this.#held.set(id, 'released');
      return this.#checkpointRecord(id);
    });
  }

  async handOverCheckpoint(node: Node, id: string, { via }: HandOverRequest): Promise<CheckpointRecord> {
    return this.#call('handOverCheckpoint', node, () => {
      const state = this.#held.get(id);
      if (state !== 'kept' && state !== 'released')
        throw new AgentRefusal('it is not away', 409, 'hand-over', []);
      this.handedOver.set(id, via);
      return this.#checkpointRecord(id);
    });
  }

  async preflightSource(node: Node): Promise<SourcePreflight> {
    return this.#call('preflightSource', node, () => {
      this.preflights += 1;
      return { facts: factsOf(node), checks: this.preflightSays.source, memoryBytes: 1000, fileBytes: 0 };
    });
  }

  async preflightTarget(node: Node): Promise<TargetPreflight> {
    return this.#call('preflightTarget', node, () => ({
      facts: factsOf(node),
      checks: this.preflightSays.target,
    }));
  }

  async storedCheckpoint(keeper: Node, { path }: StoredCheckpointQuery): Promise<StoredCheckpoint> {
    return this.#call('storedCheckpoint', keeper, () => this.store.look(path));
  }

  async removeCheckpoint(keeper: Node, request: RemoveCheckpointRequest): Promise<{ removed: boolean }> {
    return this.#call('removeCheckpoint', keeper, () => this.store.remove(request));
  }

  /** Freezes, dumps, moves, restores; each outcome as a real pair of agents would leave it behind. */
  #moveNow(id: string): void {
    this.#setSource(id, 'moving');
    const waits = this.#targetRecord(id).state === 'waiting';
    switch (waits ? this.fate : 'dump fails') {
      case 'dump fails':
        this.#undoMove(id, 'dump');
        break;
      case 'restore fails':
        this.#setTarget(id, 'failed');
        this.#undoMove(id, 'restore');
        break;
      case 'restoring':
      case 'staged':
        this.#setTarget(id, this.fate === 'staged' ? 'staged' : 'restoring');
        break;
      case 'committed untold':
        this.#setTarget(id, 'staged');
        this.#setSource(id, 'committed');
        break;
      case 'target lost':
        this.#setSource(id, 'committed');
        this.#setTarget(id, 'failed');
        break;
      case 'restored':
        this.#setTarget(id, 'staged');
        this.#setSource(id, 'committed');
        this.#setTarget(id, 'restored');
    }
  }

  #undoMove(id: string, step: string): void {
    this.#failed.set(id, failure(step));
    this.#setSource(id, 'thawed');
  }

  #sourceState(id: string): SourceRecord['state'] {
    return this.#sources.get(id) ?? 'absent';
  }

  #sourceRecord(id: string): SourceRecord {
    const state = this.#sourceState(id);
    const timings = [{ name: 'freeze' as const, startedAt: '2026-01-01T00:00:01.000Z', ms: 3 }];
    return {
      id,
      state,
      resumed: this.targetRuns(id),
      freezeMs: 300,
      bytes: 1000,
      timings: state === 'absent' ? [] : timings,
      failure: this.#failed.get(id) ?? null,
    };
  }

  #targetRecord(id: string): TargetRecord {
    const pod = this.#podOf(id);
    const known = this.#targets.get(id);
    const isRestore = pod?.metadata.annotations[CHECKPOINT_ANNOTATION] !== undefined;
    const state = known ?? (pod ? (isRestore ? 'restored' : 'waiting') : 'absent');
    if (isRestore && state === 'restored') this.#cluster.startPod(pod.metadata.name);
    const bad = state === 'failed' || state === 'refused';
    return {
      id,
      state,
      podUid: pod?.metadata.uid ?? null,
      podIPs: ['10.0.0.2'],
      timings: [],
      failure: bad ? failure('restore') : null,
    };
  }

  #podOf(id: string) {
    return this.#cluster
      .allPods()
      .find((p) => p.metadata.annotations[MIGRATION_ANNOTATION] === id || p.metadata.uid === id);
  }

  /** A target that will not come up: what the agent says of it from now on. */
  failTarget(id: string): void {
    this.#setTarget(id, 'failed');
  }

  #checkpointRecord(id: string): CheckpointRecord {
    const request = this.checkpoints.get(id);
    const taken = this.#held.get(id) ?? 'complete';
    const state = !request ? 'absent' : this.checkpointFails ? 'failed' : taken;
    const bad = state === 'failed' ? failure('dump') : null;
    return {
      id,
      state,
      path: request?.path ?? '',
      freezeMs: 80,
      bytes: 500,
      sha256: this.#saved.get(id) ?? null,
      timings: [],
      failure: bad,
    };
  }

  #setSource(id: string, state: SourceRecord['state']): void {
    this.#sources.set(id, state);
    this.#referee(id);
  }

  #setTarget(id: string, state: TargetRecord['state']): void {
    this.#targets.set(id, state);
    const pod = this.#podOf(id);
    if (state === 'restored' && pod) this.#cluster.startPod(pod.metadata.name);
    this.#referee(id);
  }

  #referee(id: string): void {
    if (this.sourceRuns(id) && this.targetRuns(id)) throw new SplitBrain(`both pods of ${id} run`);
  }

  async #call<T>(what: string, node: Node, work: () => T): Promise<T> {
    await this.#interfere(what, 'before');
    const { name } = node.metadata;
    if (this.silent.has(name)) throw new AgentUnreachable(`agent of ${name}: no answer`, name);
    const result = work();
    await this.#interfere(what, 'after');
    return result;
  }
}

const factsOf = (node: Node): NodeFacts => ({
  node: node.metadata.name,
  kernel: '6.1',
  architecture: 'x64',
  criu: '4.2',
  runc: '1.3.3',
  cgroup: 2,
  cpu: '',
  memoryFree: 1e9,
  diskFree: 1e9,
});

/** The one thing that must never happen. */
export class SplitBrain extends Error {
  override readonly name = 'SplitBrain';
}
