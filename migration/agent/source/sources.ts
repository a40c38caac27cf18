import type {
  CheckpointRecord,
  CheckpointRequest,
  ContainerRef,
  MoveRequest,
  SourceRecord,
} from '../../contract/agent-api.ts';
import { RequestError } from '../failure.ts';
import type { Records } from '../records.ts';
import { KEEP_MS } from '../tidy.ts';
import { Checkpoint, type CheckpointContext } from './checkpoint.ts';
import { Move, type MoveContext } from './move.ts';
import { absentSource, type CheckpointDocument, type SourceDocument, sourceAnswer } from './record.ts';

const OVER: ReadonlySet<string> = new Set(['thawed', 'released', 'complete', 'failed']);

/** What this node does to containers that run on it: moves away, and checkpoints. One thing at a time per container. */
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
    for (const document of await fresh<SourceDocument>(this.#move.records)) {
      const move = new Move(document, this.#move);
      this.#moves.set(document.id, move);
      if (document.state === 'moving') move.resume();
    }
    for (const document of await fresh<CheckpointDocument>(this.#checkpoint.records)) {
      const checkpoint = new Checkpoint(document, this.#checkpoint);
      this.#checkpoints.set(document.id, checkpoint);
      if (!OVER.has(document.state)) checkpoint.resume();
    }
  }

  /** Ids of what is under way, or waits for the operator. */
  unfinished(): string[] {
    const all = [...this.#moves.values(), ...this.#checkpoints.values()].map(({ document }) => document);
    return all.filter(({ state }) => !OVER.has(state)).map(({ id }) => id);
  }

  /** Moves a container; a repeated request joins the first. RequestError 409 when something else holds the container. */
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
    if (checkpoint !== undefined) return checkpointAnswer(checkpoint.document);
    return { id, state: 'absent', path: '', freezeMs: null, bytes: null, timings: [], failure: null };
  }

  /** Resolves when nothing is under way that a stop of the agent would leave frozen. */
  async idle(): Promise<void> {
    const all = [...this.#moves.values(), ...this.#checkpoints.values()];
    await Promise.all(all.map((one) => one.ended()));
  }

  #newMove(id: string, request: MoveRequest): Move {
    this.#requireFree(request.source);
    const document: SourceDocument = {
      id,
      state: 'moving',
      source: request.source,
      targetAgent: request.targetAgent,
      ...nothingDone(),
    };
    const move = new Move(document, this.#move);
    this.#moves.set(id, move);
    move.start(request);
    return move;
  }

  async #refuseAhead(id: string, reason: string): Promise<void> {
    const failure = { step: 'abort', message: reason, criuLog: [] };
    const document: SourceDocument = {
      ...nothingDone(),
      id,
      state: 'thawed',
      source: null,
      targetAgent: null,
      failure,
    };
    this.#moves.set(id, new Move(document, this.#move));
    await this.#move.records.save(document);
  }

  #newCheckpoint(id: string, request: CheckpointRequest): Checkpoint {
    this.#requireFree(request.source);
    const { source, path } = request;
    const document: CheckpointDocument = { id, state: 'dumping', path, source, ...nothingDone() };
    const checkpoint = new Checkpoint(document, this.#checkpoint);
    this.#checkpoints.set(id, checkpoint);
    checkpoint.start(request);
    return checkpoint;
  }

  #requireFree(source: ContainerRef): void {
    const holds = ({ document }: Move | Checkpoint): boolean =>
      ['moving', 'frozen', 'restored', 'dumping'].includes(document.state) &&
      document.source?.podUid === source.podUid &&
      document.source.container === source.container;
    const holder = [...this.#moves.values(), ...this.#checkpoints.values()].find(holds);
    if (holder === undefined) return;
    const { id, state } = holder.document;
    throw new RequestError(
      409,
      `container ${source.container} of pod ${source.pod} is held by ${id} (${state})`,
    );
  }
}

function nothingDone() {
  const changedAt = new Date().toISOString();
  return {
    freezeMs: null,
    bytes: null,
    timings: [],
    failure: null,
    containerId: null,
    cgroup: null,
    changedAt,
  };
}

function checkpointAnswer(document: CheckpointDocument): CheckpointRecord {
  const { id, state, path, freezeMs, bytes, timings, failure } = document;
  return { id, state, path, freezeMs, bytes, timings, failure };
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
