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
const ABORT_CALL_MS = 10_000;
/** How long an unreachable target is asked for its fate before that is left to the operator. */
const FATE_MS = 20_000;

const FINAL: ReadonlySet<string> = new Set(['restored', 'failed', 'refused']);

/** What a move's source asks its target. */
export interface TargetLink {
  /** Throws StepError `prepare` unless the target's runtime waits for the state. */
  requireWaiting(): Promise<void>;
  /**
   * Lets the target restore, and answers its fate; never rejects. From here on only the target knows whether it runs:
   * without a clear answer it is made to refuse. A record that is not final means that its fate could not be learnt.
   */
  restore(request: RestoreRequest, deadline: Deadline): Promise<TargetRecord>;
  /** Aborts the target, asking until its fate is known or the time is up; never rejects. */
  makeRefuse(reason: string): Promise<TargetRecord>;
  close(): void;
}

/** By HTTPS, over one connection that is opened before the freeze. */
export class HttpsTargetLink implements TargetLink {
  readonly #id: string;
  readonly #client: AgentClient;

  constructor(id: string, url: string, tls: TlsMaterial) {
    this.#id = id;
    this.#client = new AgentClient(url, tls);
  }

  close(): void {
    this.#client.close();
  }

  async requireWaiting(): Promise<void> {
    const target = await this.#client.get(this.#path(), WAITING, targetRecord, WAITING_CALL_MS);
    if (target.state === 'waiting') return;
    const why = target.failure?.message ?? 'no pod asked for its state there';
    throw new StepError('prepare', `the target is ${target.state}, not waiting: ${why}`);
  }

  async restore(request: RestoreRequest, deadline: Deadline): Promise<TargetRecord> {
    try {
      const limit = deadline.left() + GRACE_MS;
      const answer = await this.#client.post(`${this.#path()}/restore`, request, targetRecord, limit);
      if (FINAL.has(answer.state)) return answer;
      return await this.makeRefuse('the move took too long');
    } catch (error) {
      return this.makeRefuse(`the target's agent did not answer: ${(error as Error).message}`);
    }
  }

  async makeRefuse(reason: string): Promise<TargetRecord> {
    const deadline = new Deadline(FATE_MS);
    for (;;) {
      const answer = await this.#client
        .post(`${this.#path()}/abort`, { reason }, targetRecord, ABORT_CALL_MS)
        .catch((error: Error) => this.#unknown(`${reason}; then: ${error.message}`));
      if (FINAL.has(answer.state) || deadline.past) return answer;
      await sleep(500);
    }
  }

  #unknown(message: string): TargetRecord {
    const failure = { step: 'restore', message, criuLog: [] };
    return { id: this.#id, state: 'restoring', podUid: null, timings: [], failure };
  }

  #path(): string {
    return `/v1/targets/${this.#id}`;
  }
}
