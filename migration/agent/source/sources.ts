import type {
  CheckpointRecord,
  CheckpointRequest,
  HandOverRequest,
  MoveRequest,
  PodRef,
  SourceRecord,
} from '../../contract/agent-api.ts';
import type { Bundle } from '../bundle.ts';
import { RequestError } from '../failure.ts';
import type { Records } from '../records.ts';
import type { RuntimeAnswer } from '../target/answer.ts';
import { KEEP_MS } from '../tidy.ts';
import { Checkpoint, type CheckpointContext } from './checkpoint.ts';
import { Move, type MoveContext } from './move.ts';
import {
  absentCheckpoint,
  absentSource,
  type CheckpointDocument,
  checkpointAnswer,
  type SourceDocument,
  sourceAnswer,
} from './record.ts';

const OVER: ReadonlySet<string> = new Set(['thawed', 'released', 'complete', 'failed']);
/** A pod in such a state must not be touched by anything else. */
const HOLDING: ReadonlySet<string> = new Set(['moving', 'committed', 'dumping', 'held', 'kept']);

/** A pod in such a state runs elsewhere, or will. */
const GONE: ReadonlySet<string> = new Set(['committed', 'held', 'kept', 'released']);

/** All but a checkpoint of a pod that goes on running. */
const takesAway = (document: SourceDocument | CheckpointDocument): boolean =>
  !('hold' in document) || document.hold;

/** What this node does to pods that run on it: moves away, and checkpoints. One thing at a time per pod. */
export class Sources {
  readonly #moves = new Map<string, Move>();
  readonly #checkpoints = new Map<string, Checkpoint>();
  readonly #move: MoveContext;
  readonly #checkpoint: CheckpointContext;

  constructor(move: MoveContext, checkpoint: CheckpointContext) {
    this.#move = move;
    this.#checkpoint = checkpoint;
  }

  /** Takes up the records of an earlier run, and what it left unfinished. */
  async load(): Promise<void> {
    for (const document of await fresh<SourceDocument>(this.#move.records))
      this.#moves.set(document.id, new Move(document, this.#move));
    for (const document of await fresh<CheckpointDocument>(this.#checkpoint.records))
      this.#checkpoints.set(document.id, new Checkpoint(document, this.#checkpoint));
    for (const move of this.#moves.values())
      if (this.#holderOf(move.document.source) === undefined) move.thawAgain();
    for (const one of [...this.#moves.values(), ...this.#checkpoints.values()]) one.resume();
  }

  /** Ids of what is under way, or waits for the operator. */
  unfinished(): string[] {
    const all = [...this.#moves.values(), ...this.#checkpoints.values()].map(({ document }) => document);
    return all.filter(({ state }) => !OVER.has(state)).map(({ id }) => id);
  }

  /**
   * Whether the kubelet may start a container of a pod that this node has moved away, or holds for a move: after a restart of the host it
   * tries, from zero. What is not decided yet is waited for. Undefined when nothing speaks against it.
   */
  async mayStart({
    podUid,
    container,
  }: Pick<Bundle, 'podUid' | 'container'>): Promise<RuntimeAnswer | undefined> {
    // A sandbox holds no state, and is there before anything is restored into it.
    if (container === '') return undefined;
    const all = [...this.#moves.values(), ...this.#checkpoints.values()];
    for (const one of all.filter(
      ({ document }) => document.source?.podUid === podUid && takesAway(document),
    )) {
      await one.ended();
      const { id, state } = one.document;
      if (GONE.has(state))
        return {
          verdict: 'refuse',
          reason: `this pod is ${state} by migration ${id}: it does not run here any more`,
        };
    }
    return undefined;
  }

  /** Moves a pod; a repeated request joins the first. RequestError 409 when something else holds the pod. */
  async move(id: string, request: MoveRequest): Promise<SourceRecord> {
    const known = this.#moves.get(id);
    const move = known ?? this.#newMove(id, request);
    await move.ended();
    return sourceAnswer(move.document);
  }

  moveRecord(id: string): SourceRecord {
    const move = this.#moves.get(id);
    return move === undefined ? absentSource(id) : sourceAnswer(move.document);
  }

  /** Aborts a move. One that was never asked for is remembered as aborted, should the request still be on its way. */
  async abort(id: string, reason: string): Promise<SourceRecord> {
    const known = this.#moves.get(id);
    if (known !== undefined) await known.abort(reason);
    else await this.#refuseAhead(id, reason);
    return this.moveRecord(id);
  }

  /** For a committed move whose target's node is dead. RequestError 409 when it is not such. */
  async reclaim(id: string, reason: string): Promise<SourceRecord> {
    const known = this.#moves.get(id);
    if (known === undefined) throw new RequestError(409, 'nobody moved a pod by this migration', 'reclaim');
    await known.reclaim(reason);
    return this.moveRecord(id);
  }

  async release(id: string): Promise<SourceRecord> {
    await this.#moves.get(id)?.release();
    return this.moveRecord(id);
  }

  /** Checkpoints a container; a repeated request joins the first. */
  async checkpoint(id: string, request: CheckpointRequest): Promise<CheckpointRecord> {
    const known = this.#checkpoints.get(id);
    const checkpoint = known ?? this.#newCheckpoint(id, request);
    await checkpoint.ended();
    return checkpointAnswer(checkpoint.document);
  }

  checkpointRecord(id: string): CheckpointRecord {
    const checkpoint = this.#checkpoints.get(id);
    return checkpoint === undefined ? absentCheckpoint(id) : checkpointAnswer(checkpoint.document);
  }

  /** Aborts a checkpoint. One that was never asked for is remembered as failed, should the request still be on its way. */
  async abortCheckpoint(id: string, reason: string): Promise<CheckpointRecord> {
    const known = this.#checkpoints.get(id);
    if (known !== undefined) await known.abort(reason);
    else await this.#refuseCheckpointAhead(id, reason);
    return this.checkpointRecord(id);
  }

  async keepCheckpoint(id: string): Promise<CheckpointRecord> {
    const known = this.#checkpoints.get(id);
    if (known === undefined) throw new RequestError(409, 'nobody holds a pod for this checkpoint', 'keep');
    await known.keep();
    return this.checkpointRecord(id);
  }

  async releaseCheckpoint(id: string): Promise<CheckpointRecord> {
    await this.#checkpoints.get(id)?.release();
    return this.checkpointRecord(id);
  }

  async handOverCheckpoint(id: string, { via }: HandOverRequest): Promise<CheckpointRecord> {
    await this.#checkpoints.get(id)?.handOver(via);
    return this.checkpointRecord(id);
  }

  /** Resolves when nothing is under way that a stop of the agent would leave frozen. */
  async idle(): Promise<void> {
    const all = [...this.#moves.values(), ...this.#checkpoints.values()];
    await Promise.all(all.map((one) => one.ended()));
  }

  #newMove(id: string, request: MoveRequest): Move {
    this.#requireFree(request.source);
    const { source, targetAgent, transport, address, deadlineMs } = request;
    const asked = { source, targetAgent, transport, address, link: null, deadlineMs };
    const document: SourceDocument = { id, state: 'moving', ...asked, resumed: false, ...nothingDone() };
    const move = new Move(document, this.#move);
    this.#moves.set(id, move);
    move.start(request);
    return move;
  }

  async #refuseAhead(id: string, reason: string): Promise<void> {
    const failure = { step: 'abort', message: reason, criuLog: [] };
    const nobody = { source: null, targetAgent: null, link: null, deadlineMs: 0 };
    const neverAsked = { ...nobody, transport: 'stream', address: 'new' } as const;
    const nothing = { ...neverAsked, resumed: false, ...nothingDone() };
    const document: SourceDocument = { id, state: 'thawed', ...nothing, failure };
    this.#moves.set(id, new Move(document, this.#move));
    await this.#move.records.save(document);
  }

  #newCheckpoint(id: string, request: CheckpointRequest): Checkpoint {
    this.#requireFree(request.source);
    const { source, path, hold, keepPrevious, address } = request;
    const asked = { source, path, hold, keepPrevious, heldUntil: null, address, link: null };
    const document: CheckpointDocument = { id, state: 'dumping', ...asked, sha256: null, ...nothingDone() };
    const checkpoint = new Checkpoint(document, this.#checkpoint);
    this.#checkpoints.set(id, checkpoint);
    checkpoint.start(request);
    return checkpoint;
  }

  async #refuseCheckpointAhead(id: string, reason: string): Promise<void> {
    const failure = { step: 'abort', message: reason, criuLog: [] };
    const neverAsked = {
      source: null,
      path: '',
      hold: false,
      heldUntil: null,
      keepPrevious: false,
      address: 'new',
      link: null,
      sha256: null,
    } as const;
    const document: CheckpointDocument = { id, state: 'failed', ...neverAsked, ...nothingDone(), failure };
    this.#checkpoints.set(id, new Checkpoint(document, this.#checkpoint));
    await this.#checkpoint.records.save(document);
  }

  #holderOf(source: PodRef | null): Move | Checkpoint | undefined {
    const holds = ({ document }: Move | Checkpoint): boolean =>
      document.source?.podUid === source?.podUid &&
      (HOLDING.has(document.state) ||
        ('hold' in document && document.hold && document.state === 'uploading'));
    return [...this.#moves.values(), ...this.#checkpoints.values()].find(holds);
  }

  #requireFree(source: PodRef): void {
    const holder = this.#holderOf(source);
    if (holder === undefined) return;
    const { id, state } = holder.document;
    throw new RequestError(409, `pod ${source.namespace}/${source.pod} is held by ${id} (${state})`);
  }
}

function nothingDone() {
  const changedAt = new Date().toISOString();
  return { freezeMs: null, bytes: null, timings: [], failure: null, held: [], changedAt };
}

/** The records worth keeping; old ones of things that are over are removed. */
async function fresh<T extends { id: string; state: string; changedAt: string }>(
  records: Records<T>,
): Promise<T[]> {
  const kept: T[] = [];
  for (const document of await records.load()) {
    if (OVER.has(document.state) && Date.now() - Date.parse(document.changedAt) > KEEP_MS)
      await records.remove(document.id);
    else kept.push(document);
  }
  return kept;
}
