import type { StreamMessage } from '../../contract/rest-stream.ts';
import type { CheckpointView, MigrationView, NodeView, PodView } from '../../contract/rest-views.ts';

interface Objects {
  migration: MigrationView;
  checkpoint: CheckpointView;
  pod: PodView;
  node: NodeView;
}
type Kind = keyof Objects;
type Scope = Extract<StreamMessage, { kind: 'hello' }>['scope'];

const KINDS = ['migration', 'checkpoint', 'pod', 'node'] as const satisfies readonly Kind[];

/** All that the stream has told of the lab. */
export class Lab {
  readonly #objects: { readonly [K in Kind]: Map<string, Objects[K]> } = {
    migration: new Map(),
    checkpoint: new Map(),
    pod: new Map(),
    node: new Map(),
  };
  /** What was told of since `hello`; undefined once synced. */
  #told: Set<string> | undefined;
  #isComplete = false;
  #clockAhead = 0;
  #scope: Scope | undefined;

  /** Everything there is was told at least once. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** How far the server's clock is ahead of ours, in ms, give or take the way of a message. */
  get clockAhead(): number {
    return this.#clockAhead;
  }

  /** What the caller may see; undefined until the stream has said so. */
  get scope(): Scope | undefined {
    return this.#scope;
  }

  get migrations(): MigrationView[] {
    return [...this.#objects.migration.values()];
  }

  get checkpoints(): CheckpointView[] {
    return [...this.#objects.checkpoint.values()];
  }

  get pods(): PodView[] {
    return [...this.#objects.pod.values()];
  }

  get nodes(): NodeView[] {
    return [...this.#objects.node.values()];
  }

  migration(namespace: string, name: string): MigrationView | undefined {
    return this.migrations.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  }

  /** @param now our clock when the message came, in ms since the epoch */
  take(message: StreamMessage, now: number): void {
    switch (message.kind) {
      case 'hello':
        this.#told = new Set();
        this.#scope = message.scope;
        this.#clockAhead = Date.parse(message.time) - now;
        return;
      case 'synced':
        this.#forgetUntold();
        this.#isComplete = true;
        return;
      case 'migration':
        this.#put('migration', message.object.metadata.uid, message.object, message.change);
        return;
      case 'checkpoint':
        this.#put('checkpoint', message.object.metadata.uid, message.object, message.change);
        return;
      case 'pod':
        this.#put('pod', message.object.uid, message.object, message.change);
        return;
      case 'node':
        this.#put('node', message.object.uid, message.object, message.change);
        return;
    }
  }

  #put<K extends Kind>(kind: K, uid: string, object: Objects[K], change: 'set' | 'removed'): void {
    if (change === 'removed') {
      this.#objects[kind].delete(uid);
      return;
    }
    this.#objects[kind].set(uid, object);
    this.#told?.add(`${kind} ${uid}`);
  }

  /** What was not told of again went while nobody was listening. */
  #forgetUntold(): void {
    const told = this.#told;
    this.#told = undefined;
    if (told === undefined) return;
    for (const kind of KINDS)
      for (const uid of this.#objects[kind].keys())
        if (!told.has(`${kind} ${uid}`)) this.#objects[kind].delete(uid);
  }
}
