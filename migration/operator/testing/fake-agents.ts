import type {
  AgentFailure,
  CheckpointManifest,
  CheckpointRecord,
  CheckpointRequest,
  MoveRequest,
  SourceRecord,
  TargetRecord,
} from '../../contract/agent-api.ts';
import { CHECKPOINT_ANNOTATION, MIGRATION_ANNOTATION } from '../../contract/annotations.ts';
import type { Node } from '../../kube/objects.ts';
import { AgentRefusal, type Agents } from '../agents.ts';
import type { FakeCluster, Interference } from './fake-cluster.ts';

/** What comes of a move, as far as the agents are concerned. */
export type Fate =
  | 'restored'
  | 'dump fails'
  | 'restore fails'
  /** The source did not hear what became of the target. */
  | 'restored unheard'
  | 'failed unheard'
  /** Nobody knows yet; it is settled when the target is asked to stop. */
  | 'restoring';

const CRIU_LINE = 'Error (criu/sk-inet.c:191): inet: unsupported socket';
const failure = (step: string): AgentFailure => ({
  step,
  message: `${step} did not work`,
  criuLog: [CRIU_LINE],
});

/**
 * Agents in memory that keep to the protocol, and a referee: at every moment it checks that not both the source and
 * the target of a move run.
 */
export class FakeAgents implements Agents {
  fate: Fate = 'restored';
  /** Whether a target still being restored turns out well when it is told to stop. */
  lateLuck = false;
  manifests = new Map<string, CheckpointManifest>();
  checkpointFails = false;
  readonly checkpoints = new Map<string, CheckpointRequest>();
  readonly moves: MoveRequest[] = [];
  readonly #sources = new Map<string, SourceRecord['state']>();
  readonly #targets = new Map<string, TargetRecord['state']>();
  readonly #failed = new Map<string, AgentFailure>();
  readonly #cluster: FakeCluster;
  readonly #interfere: Interference;

  constructor(cluster: FakeCluster, interfere: Interference = () => undefined) {
    this.#cluster = cluster;
    this.#interfere = interfere;
  }

  /** Whether processes of the source run: never frozen, or thawed again. */
  sourceRuns(id: string): boolean {
    return ['absent', 'thawed'].includes(this.#sources.get(id) ?? 'absent');
  }

  targetRuns(id: string): boolean {
    return this.#targets.get(id) === 'restored';
  }

  /** Whether the target can never run any more, whatever request comes late. */
  targetIsOver(id: string): boolean {
    return ['failed', 'refused'].includes(this.#targets.get(id) ?? 'absent');
  }

  urlOf(node: Node): string {
    return `https://${node.metadata.name}`;
  }

  async source(_node: Node, id: string): Promise<SourceRecord> {
    return this.#call('source', () => this.#sourceRecord(id));
  }

  async move(_node: Node, id: string, request: MoveRequest): Promise<SourceRecord> {
    return this.#call('move', () => {
      this.moves.push(request);
      this.deliverMove(id);
      return this.#sourceRecord(id);
    });
  }

  /** A request to move arrives; also one that its sender has long given up. */
  deliverMove(id: string): void {
    if ((this.#sources.get(id) ?? 'absent') === 'absent') this.#moveNow(id);
  }

  async abortSource(_node: Node, id: string): Promise<SourceRecord> {
    return this.#call('abortSource', () => {
      const state = this.#sources.get(id) ?? 'absent';
      if (state !== 'released') this.#setSource(id, 'thawed');
      return this.#sourceRecord(id);
    });
  }

  async release(_node: Node, id: string): Promise<SourceRecord> {
    return this.#call('release', () => {
      this.#setSource(id, 'released');
      return this.#sourceRecord(id);
    });
  }

  async target(_node: Node, id: string): Promise<TargetRecord> {
    return this.#call('target', () => this.#targetRecord(id));
  }

  async awaitTarget(_node: Node, id: string): Promise<TargetRecord> {
    return this.#call('awaitTarget', () => this.#targetRecord(id));
  }

  async abortTarget(_node: Node, id: string): Promise<TargetRecord> {
    return this.#call('abortTarget', () => {
      const { state } = this.#targetRecord(id);
      if (state === 'restoring' && this.lateLuck) this.#setTarget(id, 'restored');
      else if (state !== 'restored') this.#setTarget(id, 'refused');
      return this.#targetRecord(id);
    });
  }

  async checkpoint(_node: Node, id: string): Promise<CheckpointRecord> {
    return this.#call('checkpoint', () => this.#checkpointRecord(id));
  }

  async startCheckpoint(_node: Node, id: string, request: CheckpointRequest): Promise<CheckpointRecord> {
    return this.#call('startCheckpoint', () => {
      this.checkpoints.set(id, request);
      return this.#checkpointRecord(id);
    });
  }

  async manifest(_keeper: Node, path: string): Promise<CheckpointManifest> {
    return this.#call('manifest', () => {
      const found = this.manifests.get(path);
      if (!found) throw new AgentRefusal(`nothing at ${path}`, 404, 'store', []);
      return found;
    });
  }

  /** Freezes, dumps, moves, restores; each outcome as a real pair of agents would leave it behind. */
  #moveNow(id: string): void {
    this.#setSource(id, 'frozen');
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
        this.#setTarget(id, 'restoring');
        break;
      case 'failed unheard':
        this.#setTarget(id, 'failed');
        break;
      case 'restored unheard':
        this.#setTarget(id, 'restored');
        break;
      case 'restored':
        this.#setTarget(id, 'restored');
        this.#setSource(id, 'restored');
    }
  }

  #undoMove(id: string, step: string): void {
    this.#failed.set(id, failure(step));
    this.#setSource(id, 'thawed');
  }

  #sourceRecord(id: string): SourceRecord {
    const state = this.#sources.get(id) ?? 'absent';
    const timings = [{ name: 'freeze' as const, startedAt: '2026-01-01T00:00:01.000Z', ms: 3 }];
    const failure = this.#failed.get(id) ?? null;
    return { id, state, freezeMs: 300, bytes: 1000, timings: state === 'absent' ? [] : timings, failure };
  }

  #targetRecord(id: string): TargetRecord {
    const pod = this.#podOf(id);
    const known = this.#targets.get(id);
    const isRestore = pod?.metadata.annotations[CHECKPOINT_ANNOTATION] !== undefined;
    const state = known ?? (pod ? (isRestore ? 'restored' : 'waiting') : 'absent');
    if (isRestore && state === 'restored') this.#cluster.changePod(pod.metadata.name, RUNNING);
    const bad = state === 'failed' || state === 'refused';
    return {
      id,
      state,
      podUid: pod?.metadata.uid ?? null,
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
    const state = !request ? 'absent' : this.checkpointFails ? 'failed' : 'complete';
    const bad = state === 'failed' ? failure('dump') : null;
    return { id, state, path: request?.path ?? '', freezeMs: 80, bytes: 500, timings: [], failure: bad };
  }

  #setSource(id: string, state: SourceRecord['state']): void {
    this.#sources.set(id, state);
    this.#referee(id);
  }

  #setTarget(id: string, state: TargetRecord['state']): void {
    this.#targets.set(id, state);
    const pod = this.#podOf(id);
    if (state === 'restored' && pod) this.#cluster.changePod(pod.metadata.name, RUNNING);
    this.#referee(id);
  }

  #referee(id: string): void {
    if (this.sourceRuns(id) && this.targetRuns(id)) throw new SplitBrain(`both pods of ${id} run`);
  }

  async #call<T>(what: string, work: () => T): Promise<T> {
    await this.#interfere(what, 'before');
    const result = work();
    await this.#interfere(what, 'after');
    return result;
  }
}

const RUNNING = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } };

/** The one thing that must never happen. */
export class SplitBrain extends Error {
  override readonly name = 'SplitBrain';
}
