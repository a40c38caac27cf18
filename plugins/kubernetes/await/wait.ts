import { collectionPath, type ResourceType } from '../api/discovery.ts';
import { type Change, type Followed, follow } from '../api/watch.ts';
import type { Cluster } from '../config/cluster.ts';
import { nameOf, namespaceOf, uidOf } from '../object/kube-object.ts';
import type { Tree } from '../object/tree.ts';
import { Events } from './events.ts';
import type { Readiness, RelatedSet, Verdict, View } from './readiness.ts';

/**
 * The object is not as it was waited for: the message says why the wait ended, `reasons` what stood in the way,
 * `object` is the last known state.
 */
export class NotReadyError extends Error {
  override readonly name = 'NotReadyError';
  readonly object: Tree;
  readonly reasons: readonly string[];

  constructor(message: string, object: Tree, reasons: readonly string[]) {
    super(message);
    this.object = object;
    this.reasons = reasons;
  }
}

export interface WaitRequest {
  readonly cluster: Cluster;
  readonly type: ResourceType;
  /** The object as the server answered the create or update. */
  readonly object: Tree;
  readonly readiness: Readiness;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  /** Progress, one line at a time. */
  progress(message: string, severity: 'info' | 'warning'): void;
}

/**
 * Waits, by watching, until the object is ready.
 *
 * @returns the object as it was then
 * @throws NotReadyError when the time is up, the wait is cancelled, the object is deleted, or waiting cannot help.
 */
export async function waitUntilReady(request: WaitRequest): Promise<Tree> {
  const wait = new Wait(request);
  const first = wait.look();
  if (first.ready) return request.object;
  return wait.run();
}

/** A set of objects kept up to date by changes. */
class Cache {
  private readonly objects = new Map<string, Tree>();
  private changedAt: number | undefined;

  apply(change: Change): void {
    if (change.type === 'listed') {
      this.objects.clear();
      for (const object of change.objects) this.objects.set(uidOf(object), object);
      if (change.objects.length > 0) this.changedAt = performance.now();
      return;
    }
    if (change.type === 'gone') this.objects.delete(uidOf(change.object));
    else this.objects.set(uidOf(change.object), change.object);
    this.changedAt = performance.now();
  }

  all(): readonly Tree[] {
    return [...this.objects.values()];
  }

  quietMs(): number | undefined {
    return this.changedAt === undefined ? undefined : performance.now() - this.changedAt;
  }
}

/** One wait for one object. */
class Wait {
  private readonly request: WaitRequest;
  private readonly related = new Map<string, Cache>();
  private readonly events: Events;
  private readonly stop = new AbortController();
  private readonly signal: AbortSignal;
  private object: Tree;
  private shown = '';
  private again: NodeJS.Timeout | undefined;

  constructor(request: WaitRequest) {
    this.request = request;
    this.object = request.object;
    this.signal = AbortSignal.any([request.signal, this.stop.signal]);
    this.events = new Events(request.cluster, request.object, (message) =>
      request.progress(message, 'warning'),
    );
  }

  /** The verdict on what is known now. */
  look(): Verdict {
    const view: View = {
      object: this.object,
      related: (key) => this.related.get(key)?.all() ?? [],
      quietMs: (key) => this.related.get(key)?.quietMs(),
    };
    return this.request.readiness.check(view);
  }

  async run(): Promise<Tree> {
    const { timeoutSeconds, signal } = this.request;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Tree>((resolve, reject) => {
        const fail = (message: string) => reject(this.failure(message));
        timer = setTimeout(() => fail(`timed out after ${timeoutSeconds} s`), timeoutSeconds * 1000);
        signal.addEventListener('abort', () => fail(reasonOf(signal)), {
          once: true,
        });
        if (signal.aborted) return fail(reasonOf(signal));
        const decide = () => this.decide(resolve, fail, decide);
        decide();
        this.followObject(decide, fail).catch(reject);
        this.followRelated(decide);
        this.events.follow(() => this.involvedUids(), this.signal);
      });
    } finally {
      clearTimeout(timer);
      clearTimeout(this.again);
      this.stop.abort();
    }
  }

  private decide(resolve: (object: Tree) => void, fail: (message: string) => void, decide: () => void): void {
    // A change that was on its way when the wait ended.
    if (this.stop.signal.aborted) return;
    const verdict = this.look();
    if (verdict.ready) {
      resolve(this.object);
      return;
    }
    if (verdict.hopeless) {
      fail(verdict.progress);
      return;
    }
    if (verdict.progress !== this.shown) this.request.progress(verdict.progress, 'info');
    this.shown = verdict.progress;
    clearTimeout(this.again);
    if (verdict.againMs !== undefined) this.again = setTimeout(decide, verdict.againMs);
  }

  private async followObject(decide: () => void, fail: (message: string) => void): Promise<void> {
    const { cluster, type } = this.request;
    const path = collectionPath(type, namespaceOf(this.object));
    const followed: Followed = { path, fieldSelector: `metadata.name=${nameOf(this.object)}` };
    for await (const change of follow(cluster.api, followed, this.signal)) {
      const now = change.type === 'listed' ? change.objects[0] : change.object;
      if (now === undefined || change.type === 'gone' || uidOf(now) !== uidOf(this.object)) {
        return fail('it was deleted meanwhile');
      }
      this.object = now;
      decide();
    }
  }

  private followRelated(decide: () => void): void {
    for (const [key, set] of Object.entries(this.request.readiness.related?.(this.object) ?? {})) {
      const cache = new Cache();
      this.related.set(key, cache);
      this.followSet(set, cache, decide).catch((error: unknown) => {
        // What belongs to the object explains more, but readiness may not hang on the right to see it.
        this.request.progress(
          `cannot watch ${set.gvk.kind}: ${error instanceof Error ? error.message : error}`,
          'warning',
        );
      });
    }
  }

  private async followSet(set: RelatedSet, cache: Cache, decide: () => void): Promise<void> {
    const { api, discovery } = this.request.cluster;
    const type = await discovery.get(set.gvk, this.signal);
    const { labelSelector, fieldSelector } = set;
    const followed: Followed = {
      path: collectionPath(type, namespaceOf(this.object)),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
    for await (const change of follow(api, followed, this.signal)) {
      cache.apply(change);
      decide();
    }
  }

  private involvedUids(): ReadonlySet<string> {
    const related = [...this.related.values()].flatMap((cache) => cache.all());
    return new Set([this.object, ...related].map(uidOf));
  }

  private failure(message: string): NotReadyError {
    const { reasons, progress } = this.look();
    const known = reasons.length > 0 ? reasons : [progress];
    const all = [...new Set([...known, ...this.events.warnings(this.involvedUids())])];
    return new NotReadyError(message, this.object, all);
  }
}

function reasonOf(signal: AbortSignal): string {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason.message : 'cancelled';
}
