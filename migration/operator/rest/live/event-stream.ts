import type { ServerResponse } from 'node:http';
import type { StreamMessage, StreamScope } from '../../../contract/rest-stream.ts';
import type { LiveKind, LiveObject } from './live-objects.ts';

/** What one listener may see. */
export type Scope = Extract<StreamMessage, { kind: 'hello' }>['scope'];

const HEARTBEAT_MS = 15_000;

/** A listener that has taken nothing for so long is gone, whatever its connection says. */
const STUCK_MS = 60_000;

/**
 * One listener's connection. Changes wait by object, the newest in the place of the older, so that a slow listener costs
 * no more memory than there are objects, and is told how things are, not how they were.
 */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #scope: Scope;
  readonly #waiting = new Map<string, LiveObject>();
  readonly #heartbeat: NodeJS.Timeout;
  #blockedSince: number | undefined;
  #isSynced = false;

  constructor(response: ServerResponse, scope: Scope) {
    this.#response = response;
    this.#scope = scope;
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    response.on('drain', () => {
      this.#blockedSince = undefined;
      this.#flush();
    });
  }

  /** Begins with all there is. */
  begin(all: Iterable<LiveObject>, now: Date): void {
    this.#send({ kind: 'hello', time: now.toISOString(), scope: this.#scope });
    for (const object of all) this.#take(object);
    this.#flush();
  }

  tell(changed: LiveObject): void {
    this.#take(changed);
    this.#flush();
  }

  /** Ends the connection; the listener comes back and begins anew. */
  end(): void {
    clearInterval(this.#heartbeat);
    this.#waiting.clear();
    this.#response.end();
  }

  #take(object: LiveObject): void {
    if (sees(this.#scope, object)) this.#waiting.set(object.key, object);
  }

  #flush(): void {
    for (const [key, { kind, text }] of this.#waiting) {
      if (this.#blockedSince !== undefined) return;
      this.#waiting.delete(key);
      this.#write(`event: ${kind}\ndata: ${text}\n\n`);
    }
    if (this.#isSynced || this.#blockedSince !== undefined) return;
    this.#isSynced = true;
    this.#send({ kind: 'synced' });
  }

  #send(message: StreamMessage): void {
    this.#write(`event: ${message.kind}\ndata: ${JSON.stringify(message)}\n\n`);
  }

  #write(text: string): void {
    if (!this.#response.write(text)) this.#blockedSince ??= performance.now();
  }

  #beat(): void {
    if (this.#blockedSince === undefined) this.#write(': here\n\n');
    else if (performance.now() - this.#blockedSince > STUCK_MS) this.#response.destroy();
  }
}

/** Whether a listener with this scope is told of an object. */
function sees(scope: Scope, { kind, namespace }: LiveObject): boolean {
  if (kind === 'node') return scope.nodes;
  return includes(scope[SCOPE_OF[kind]], namespace);
}

const SCOPE_OF = {
  migration: 'migrations',
  checkpoint: 'checkpoints',
  pod: 'pods',
} as const satisfies Record<Exclude<LiveKind, 'node'>, keyof Scope>;

const includes = (scope: StreamScope, namespace: string): boolean =>
  scope === 'all' || scope.includes(namespace);
