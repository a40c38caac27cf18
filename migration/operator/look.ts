import { isApiError } from '../kube/client.ts';
import { AgentRefusal, type Agents } from './agents.ts';
import type { OperatorMetrics } from './metrics.ts';

/**
 * One look at one Podmigration, timed: what the operator and the API server took, apart from the agents, which may
 * be waited for as long as a move lasts.
 */
export class Look {
  readonly #metrics: OperatorMetrics;
  readonly #began = performance.now();
  /** Calls of agents under way; while there is one, the time is theirs. */
  #calls = 0;
  #callsBegan = 0;
  #waitedMs = 0;

  constructor(metrics: OperatorMetrics) {
    this.#metrics = metrics;
  }

  /** `agents` whose calls are timed, and left out of this look's own time. */
  timing(agents: Agents): Agents {
    return new Proxy(agents, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function' || name === 'urlOf') return method;
        return (...args: unknown[]) => this.#time(String(name), () => method.apply(target, args));
      },
    });
  }

  /** The look is over, well or with `error`. */
  over(error?: unknown): void {
    const outcome = error === undefined ? 'done' : isApiError(error, 409) ? 'conflict' : 'error';
    this.#metrics.looked(Math.max(0, performance.now() - this.#began - this.#waitedMs), outcome);
  }

  async #time<T>(call: string, ask: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const told = (outcome: 'answer' | 'refusal' | 'silence') =>
      this.#metrics.agentCalled(call, performance.now() - began, outcome);
    if (this.#calls++ === 0) this.#callsBegan = began;
    try {
      const answer = await ask();
      told('answer');
      return answer;
    } catch (error) {
      told(error instanceof AgentRefusal ? 'refusal' : 'silence');
      throw error;
    } finally {
      if (--this.#calls === 0) this.#waitedMs += performance.now() - this.#callsBegan;
    }
  }
}
