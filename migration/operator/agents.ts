import type {
  CheckpointRecord,
  CheckpointRequest,
  HandOverRequest,
  MoveRequest,
  RemoveCheckpointRequest,
  SourcePreflight,
  SourcePreflightRequest,
  SourceRecord,
  StoredCheckpoint,
  StoredCheckpointQuery,
  TargetPreflight,
  TargetPreflightRequest,
  TargetRecord,
} from '../contract/agent-api.ts';
import type { Node } from '../kube/objects.ts';

export type TargetState = TargetRecord['state'];

/**
 * The agents as the operator sees them. Every call throws AgentUnreachable when no answer came (whatever was asked
 * may or may not have been done) and AgentRefusal when the agent answered with a failure.
 */
export interface Agents {
  /** Where other agents reach this node's agent. */
  urlOf(node: Node): string;
  source(node: Node, id: string): Promise<SourceRecord>;
  /**
   * Answers when the move is over, one way or the other; a move goes on when nobody waits for the answer, and `source`
   * tells how far it is.
   */
  move(node: Node, id: string, request: MoveRequest, signal: AbortSignal): Promise<SourceRecord>;
  /** Thaws the source; refused with code 409 once it is committed. */
  abortSource(node: Node, id: string, reason: string): Promise<SourceRecord>;
  /**
   * Thaws a committed source whose target's node is dead and was never heard to run it; refused with code 409 when it was. Only on a
   * person's word: what the target did, if it ran, is lost.
   */
  reclaimSource(node: Node, id: string, reason: string): Promise<SourceRecord>;
  /** Kills what is left of a committed source. */
  release(node: Node, id: string): Promise<SourceRecord>;
  target(node: Node, id: string): Promise<TargetRecord>;
  /** Answers as soon as the target's state is one of `until`, or after `timeoutMs`. */
  awaitTarget(
    node: Node,
    id: string,
    until: readonly TargetState[],
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<TargetRecord>;
  /** Lets a staged target run. Only for a migration whose source is committed, or dead. */
  resumeTarget(node: Node, id: string): Promise<TargetRecord>;
  abortTarget(node: Node, id: string, reason: string): Promise<TargetRecord>;
  checkpoint(node: Node, id: string): Promise<CheckpointRecord>;
  startCheckpoint(
    node: Node,
    id: string,
    request: CheckpointRequest,
    signal: AbortSignal,
  ): Promise<CheckpointRecord>;
  /** Has a held pod kept for as long as the migration needs: refused with code 409 when it was let go already. */
  keepCheckpoint(node: Node, id: string): Promise<CheckpointRecord>;
  /** Thaws the pod of a held checkpoint. */
  abortCheckpoint(node: Node, id: string, reason: string): Promise<CheckpointRecord>;
  /** Kills the pod of a held checkpoint that is kept. */
  releaseCheckpoint(node: Node, id: string): Promise<CheckpointRecord>;
  /** What is held for the address of such a pod goes to where it runs now. */
  handOverCheckpoint(node: Node, id: string, request: HandOverRequest): Promise<CheckpointRecord>;
  /** What the pod's agent finds when it looks at the running pod. */
  preflightSource(node: Node, request: SourcePreflightRequest): Promise<SourcePreflight>;
  preflightTarget(node: Node, request: TargetPreflightRequest): Promise<TargetPreflight>;
  /** One pod's checkpoint, by the store's keeper: refused with code 404 when there is none, 422 when it is damaged. */
  storedCheckpoint(keeper: Node, query: StoredCheckpointQuery): Promise<StoredCheckpoint>;
  /** Removes a checkpoint from the store, if it is the one that stands there. */
  removeCheckpoint(keeper: Node, request: RemoveCheckpointRequest): Promise<{ removed: boolean }>;
}

/** No answer from the agent of this node. */
export class AgentUnreachable extends Error {
  override readonly name = 'AgentUnreachable';
  readonly node: string;

  constructor(message: string, node: string, options?: ErrorOptions) {
    super(message, options);
    this.node = node;
  }
}

/** An agent's answer was a failure. */
export class AgentRefusal extends Error {
  override readonly name = 'AgentRefusal';
  readonly code: number;
  readonly step: string;
  readonly criuLog: readonly string[];

  constructor(message: string, code: number, step: string, criuLog: readonly string[]) {
    super(message);
    this.code = code;
    this.step = step;
    this.criuLog = criuLog;
  }
}
