import type { FastifyError } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { PROBLEM_STATUS, type Problem, type ProblemCode } from '../../contract/rest-problem.ts';
import { ApiError, NoAnswerError } from '../../kube/client.ts';

interface RefusalOptions extends ErrorOptions {
  /** Every field that cannot be read. */
  fields?: Problem['errors'];
  retryAfterSeconds?: number;
}

/** Why a request is not done: what the caller gets to know. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: ProblemCode;
  readonly fields: Problem['errors'];
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ProblemCode, detail: string, options: RefusalOptions = {}) {
    super(detail, options);
    this.code = code;
    this.fields = options.fields;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): number {
    return PROBLEM_STATUS[this.code];
  }
}

/** What kind of answer of the API server means what to the caller; all others mean that it cannot do it now. */
const BY_API_CODE: Readonly<Record<number, ProblemCode>> = {
  400: 'invalid',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  410: 'conflict',
  413: 'too-large',
  422: 'unprocessable',
};

/** Makes a refusal of whatever was thrown. What nobody expected becomes `internal`, and tells the caller nothing. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const options = { cause: error };
  if (error instanceof ApiError) {
    const code = BY_API_CODE[error.code] ?? 'unavailable';
    // Which request of ours it was is of no use to the caller.
    return new Refusal(code, error.message.replace(/^[A-Z]+ \S+: /, ''), options);
  }
  if (error instanceof NoAnswerError)
    return new Refusal('unavailable', 'the API server does not answer', options);
  if (hasZodFastifySchemaValidationErrors(error)) {
    const fields = error.validation.map(({ instancePath, message }) => ({
      field: `${error.validationContext ?? 'request'}${instancePath.replaceAll('/', '.').replace(/\.$/, '')}`,
      message: message ?? 'not allowed',
    }));
    const detail = fields.map(({ field, message }) => `${field}: ${message}`).join('; ');
    return new Refusal('invalid', detail.slice(0, 2000), { ...options, fields: fields.slice(0, 50) });
  }
  return ofFramework(error);
}

/** What fastify itself refuses: a body that is no JSON, too large, of another type. */
function ofFramework(error: unknown): Refusal {
  const { statusCode, message } = (error ?? {}) as Partial<FastifyError>;
  const found = Object.entries(PROBLEM_STATUS).find(([, status]) => status === statusCode);
  const isOfCaller = statusCode !== undefined && statusCode >= 400 && statusCode < 500;
  if (!isOfCaller) return new Refusal('internal', 'something went wrong here', { cause: error });
  const code = (found?.[0] ?? 'invalid') as ProblemCode;
  return new Refusal(code, message ?? 'the request cannot be read', { cause: error });
}
