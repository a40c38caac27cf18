import type { AgentFailure } from '../contract/agent-api.ts';

/** Something this agent could not do: the step, the reason, and CRIU's words when it was CRIU that failed. */
export class StepError extends Error {
  readonly step: string;
  readonly criuLog: string[];

  constructor(step: string, message: string, options: { criuLog?: string[]; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'StepError';
    this.step = step;
    this.criuLog = options.criuLog ?? [];
  }
}

/** A request that cannot be served as it stands; `status` is the HTTP status of the answer. */
export class RequestError extends StepError {
  readonly status: number;

  constructor(status: number, message: string, step = 'request') {
    super(step, message);
    this.name = 'RequestError';
    this.status = status;
  }
}

/** What to tell others about an error. `step` names the place when the error itself does not. */
export function failureOf(error: unknown, step: string): AgentFailure {
  if (error instanceof StepError) return { step: error.step, message: error.message, criuLog: error.criuLog };
  return { step, message: error instanceof Error ? error.message : String(error), criuLog: [] };
}

/** Runs one step; an error of another kind leaves it as a StepError that names the step. */
export async function inStep<T>(step: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StepError) throw error;
    throw new StepError(step, error instanceof Error ? error.message : String(error), { cause: error });
  }
}
