import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Authenticator } from '../authenticate.ts';
import type { Authorizer } from '../authorize.ts';
import { type Caller, nameOf } from '../caller.ts';
import { Refusal } from '../refusal.ts';
import type { Scopes } from '../scope.ts';
import { EventStream, type Scope } from './event-stream.ts';
import type { LiveObjects } from './live-objects.ts';

/** Streams are cheap, but not free. */
const MAX_STREAMS = 200;
const MAX_STREAMS_EACH = 20;

/** The caches have to be filled first. */
const SYNC_MS = 20_000;

/** How often it is looked whether a listener may still listen. */
const REVIEW_MS = 30_000;

interface Parts {
  live: LiveObjects;
  scopes: Scopes;
  authorizer: Authorizer;
  authenticator: Authenticator;
}

interface Open {
  stream: EventStream;
  caller: string;
}

/** All streams of this replica. */
export class Streams {
  readonly #parts: Parts;
  readonly #open = new Set<Open>();
  #isClosed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * Opens a stream of what the caller may see. Throws a Refusal as long as nothing was sent; `accept` is called right
   * before something is.
   */
  async open(
    caller: Caller,
    namespace: string | undefined,
    accept: () => ServerResponse,
    gone: AbortSignal,
  ): Promise<void> {
    const scope = await this.#scopeOf(caller, namespace);
    if (seesNothing(scope)) throw new Refusal('forbidden', `${nameOf(caller)} may not list anything there`);
    this.#demandRoom(nameOf(caller));
    const { live } = this.#parts;
    let stream: EventStream | undefined;
    const leave = live.listen((changed) => stream?.tell(changed));
    try {
      await inTime(live.synced(), SYNC_MS);
      if (gone.aborted || this.#isClosed) throw new Refusal('unavailable', 'the stream has ended');
      stream = new EventStream(accept(), scope);
    } catch (error) {
      leave();
      throw error;
    }
    const opened = { stream, caller: nameOf(caller) };
    this.#open.add(opened);
    stream.begin(live.list(), new Date());
    void this.#keepReviewing(caller, namespace, scope, gone, stream);
    gone.addEventListener('abort', () => {
      stream?.end();
      leave();
      this.#open.delete(opened);
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const { stream } of this.#open) stream.end();
    this.#parts.live.stop();
  }

  #demandRoom(caller: string): void {
    const own = [...this.#open].filter((other) => other.caller === caller).length;
    if (own >= MAX_STREAMS_EACH || this.size >= MAX_STREAMS)
      throw new Refusal('too-many-requests', 'too many streams are open: close some');
  }

  /** Ends the stream once the token is not valid any more, or what its owner may see has changed. */
  async #keepReviewing(
    caller: Caller,
    namespace: string | undefined,
    scope: Scope,
    gone: AbortSignal,
    stream: EventStream,
  ): Promise<void> {
    const before = JSON.stringify(scope);
    for (;;) {
      await sleep(REVIEW_MS, undefined, { signal: gone, ref: false }).catch(() => undefined);
      if (gone.aborted) return;
      try {
        const known = caller.kind === 'user' ? await this.#parts.authenticator.userOf(caller.token) : caller;
        if (JSON.stringify(await this.#scopeOf(known, namespace)) !== before) return stream.end();
      } catch (error) {
        // An API server that does not answer takes nobody's rights away.
        if (error instanceof Refusal && error.code === 'unauthenticated') return stream.end();
      }
    }
  }

  async #scopeOf(caller: Caller, namespace: string | undefined): Promise<Scope> {
    const { scopes, authorizer } = this.#parts;
    const [migrations, checkpoints, pods, nodes] = await Promise.all([
      scopes.of(caller, 'podmigrations', namespace),
      scopes.of(caller, 'podcheckpoints', namespace),
      scopes.of(caller, 'pods', namespace),
      authorizer.may(caller, { verb: 'list', resource: 'nodes' }),
    ]);
    return { migrations, checkpoints, pods, nodes };
  }
}

const seesNothing = ({ nodes, ...kinds }: Scope): boolean =>
  !nodes && Object.values(kinds).every((scope) => scope !== 'all' && scope.length === 0);

async function inTime(work: Promise<void>, ms: number): Promise<void> {
  const timer = new AbortController();
  const late = sleep(ms, 'late' as const, { signal: timer.signal, ref: false });
  const first = await Promise.race([work, late]);
  timer.abort();
  late.catch(() => undefined);
  if (first === 'late') throw new Refusal('unavailable', 'the API server has not told what there is yet');
}
