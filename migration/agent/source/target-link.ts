import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RestoreRequest, type TargetRecord, targetRecord } from '../../contract/agent-api.ts';
import { AgentClient } from '../client.ts';
import { StepError } from '../failure.ts';
import { Deadline } from '../stopwatch.ts';
import type { TlsMaterial } from '../tls.ts';

/** The target's agent may need this long to see its pod's `create`, when the request comes right behind it. */
const WAITING = { until: 'waiting,restored,failed,refused', timeoutMs: '5000' };
const WAITING_CALL_MS = 10_000;
/** The target gives up by its own deadline; its answer may take this much longer. */
const GRACE_MS = 3000;
const CALL_MS = 5000;
/** How long an unreachable target is told to refuse before that is left to the operator. */
const REFUSE_MS = 20_000;
const RETRY_MS = 500;

const OVER: ReadonlySet<string> = new Set(['restored', 'failed', 'refused']);

/** What a state's stream is sent with; see streamQuery in contract/agent-api.ts. */
export interface UploadRequest {
  containers: readonly string[];
  compression: 'none' | 'zstd';
  deadlineMs: number;
  /** About how much will come. */
  bytes: number;
  /** Whether it refers to what was sent ahead. */
  ahead: boolean;
}

/** What memory is sent ahead with; see aheadQuery in contract/agent-api.ts. */
export interface AheadRequest {
  compression: 'none' | 'zstd';
  /** About how much there will be in all. */
  bytes: number;
  limitMs: number;
}

export interface Upload {
  body: Writable;
  /** Resolves when all is ready there that can be before the rest has come; it may never. */
  ready: Promise<void>;
  /** Resolves when every container is staged, or never will be; of what is sent ahead, when that is there. */
  answer: Promise<TargetRecord>;
}

/** What a move's source asks its target. Calls reject with StepError `contact` when it does not answer. */
export interface TargetLink {
  /** Throws StepError `prepare` unless the target's runtime waits for the state. */
  requireWaiting(): Promise<void>;
  /** Begins to send memory ahead of the state. */
  sendAhead(request: AheadRequest, signal: AbortSignal): Upload;
  /** Begins to send the state. */
  upload(request: UploadRequest, signal: AbortSignal): Upload;
  /** Lets the target fetch the state from the store; resolves when every container is staged, or never will be. */
  restore(request: RestoreRequest): Promise<TargetRecord>;
  /** Where the target stands. */
  record(): Promise<TargetRecord>;
  /** Lets the staged target run. After the commit, and never before. */
  resume(): Promise<TargetRecord>;
  /** Aborts the target, asking until it answers or the time is up; undefined then. */
  refuse(reason: string): Promise<TargetRecord | undefined>;
  close(): void;
}

/** By HTTPS, over connections that are opened before the freeze. */
export class HttpsTargetLink implements TargetLink {
  readonly #path: string;
  readonly #client: AgentClient;

  constructor(id: string, url: string, tls: TlsMaterial) {
    this.#path = `/v1/targets/${id}`;
    this.#client = new AgentClient(url, tls);
  }

  close(): void {
    this.#client.close();
  }

  async requireWaiting(): Promise<void> {
    const target = await this.#client.get(this.#path, WAITING, targetRecord, WAITING_CALL_MS);
    if (target.state === 'waiting') return;
    const why = target.failure?.message ?? 'no pod asked for its state there';
    throw new StepError('prepare', `the target is ${target.state}, not waiting: ${why}`);
  }

  sendAhead({ compression, bytes, limitMs }: AheadRequest, signal: AbortSignal): Upload {
    const query = { compression, bytes: String(bytes), limitMs: String(limitMs) };
    return this.#client.upload(`${this.#path}/ahead`, query, targetRecord, signal);
  }

  upload(request: UploadRequest, signal: AbortSignal): Upload {
    const { containers, compression, deadlineMs, bytes, ahead } = request;
    const query = {
      containers: containers.join(','),
      compression,
      deadlineMs: String(deadlineMs),
      bytes: String(bytes),
      ahead: String(ahead),
    };
    return this.#client.upload(`${this.#path}/stream`, query, targetRecord, signal);
  }

  restore(request: RestoreRequest): Promise<TargetRecord> {
    const limit = request.deadlineMs + GRACE_MS;
    return this.#client.post(`${this.#path}/restore`, request, targetRecord, limit);
  }

  record(): Promise<TargetRecord> {
    return this.#client.get(this.#path, {}, targetRecord, CALL_MS);
  }

  resume(): Promise<TargetRecord> {
    return this.#client.post(`${this.#path}/resume`, {}, targetRecord, CALL_MS);
  }

  async refuse(reason: string): Promise<TargetRecord | undefined> {
    const deadline = new Deadline(REFUSE_MS);
    while (!deadline.past) {
      const answer = await this.#client
        .post(`${this.#path}/abort`, { reason }, targetRecord, CALL_MS)
        .catch(() => undefined);
      if (answer !== undefined && OVER.has(answer.state)) return answer;
      await sleep(RETRY_MS);
    }
    return undefined;
  }
}
