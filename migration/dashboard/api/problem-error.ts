import { type Problem, problem } from '../../contract/rest-problem.ts';

/** The server did not do what it was asked, and said why. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(of: Problem) {
    super([of.detail, ...(of.errors ?? []).map(({ field, message }) => `${field}: ${message}`)].join('\n'));
    this.problem = of;
  }

  get status(): number {
    return this.problem.status;
  }
}

/** The server gave no answer that can be read: it was not reached, or something between answered for it. */
export class UnreachableError extends Error {}

/** What an answer without success says. */
export async function problemOf(response: Response): Promise<Error> {
  const text = await response.text().catch(() => '');
  const parsed = problem.safeParse(jsonOf(text));
  if (parsed.success) return new ProblemError(parsed.data);
  return new UnreachableError(`The server answered ${response.status} ${response.statusText}`.trim());
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A failure's message for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
