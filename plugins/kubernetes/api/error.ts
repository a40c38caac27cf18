import { at, listAt, type Tree, textAt, treeAt } from '../object/tree.ts';

/** The server answered, and the answer is no. `status` is its `Status` object (empty when the body was none). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  readonly status: Tree;

  constructor(request: string, code: number, status: Tree, body: string) {
    super(`${request}: HTTP ${code}: ${textAt(status, 'message') || body.slice(0, 500) || 'no message'}`);
    this.code = code;
    this.status = status;
  }

  /** `NotFound`, `AlreadyExists`, `Conflict`, `Invalid`, `Forbidden`, …; empty when the server gave none. */
  get reason(): string {
    return textAt(this.status, 'reason');
  }

  /** What is missing is the namespace, not the object. */
  get isMissingNamespace(): boolean {
    return this.code === 404 && textAt(this.status, 'details', 'kind') === 'namespaces';
  }

  /** The causes the server lists, one line each: `field: message`. */
  get causes(): string[] {
    return listAt(this.status, 'details', 'causes').map((cause) => {
      const field = textAt(cause, 'field');
      const message = textAt(cause, 'message');
      return field === '' ? message : `${field}: ${message}`;
    });
  }

  /** Seconds the server asks to wait before the next try; undefined when it does not say. */
  get retryAfterSeconds(): number | undefined {
    const seconds = at(treeAt(this.status, 'details'), 'retryAfterSeconds');
    return typeof seconds === 'number' && seconds > 0 ? seconds : undefined;
  }
}

/** No answer: nothing listens, the network or the certificate is wrong, or the time was up. The cause says which. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  /** True when the request cannot have reached the server, so that any request may be sent again. */
  readonly unsent: boolean;

  constructor(request: string, cause: unknown, unsent: boolean) {
    super(
      `${request}: no answer from the Kubernetes API server: ${cause instanceof Error ? cause.message : cause}`,
      {
        cause,
      },
    );
    this.unsent = unsent;
  }
}

/** The server does not serve the kind: usually a custom resource whose definition is missing. */
export class UnknownKindError extends Error {
  override readonly name = 'UnknownKindError';

  constructor(apiVersion: string, kind: string) {
    super(`the API server serves no ${kind} in ${apiVersion}: is the CustomResourceDefinition installed?`);
  }
}

/** True for 404 answers to a request for an object (not for a missing namespace). */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.code === 404;
}

/** True for answers with the status code. */
export function hasCode(error: unknown, code: number): error is ApiError {
  return error instanceof ApiError && error.code === code;
}
