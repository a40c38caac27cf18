import { setTimeout as sleep } from 'node:timers/promises';
import { follow } from '../api/watch.ts';
import type { Cluster } from '../config/cluster.ts';
import { namespaceOf, uidOf } from '../object/kube-object.ts';
import { numberAt, type Tree, textAt } from '../object/tree.ts';

/** Most objects are ready sooner than this, ms; looking for warnings starts after it. */
const patienceMs = 2_000;

/** Warning events about an object and what belongs to it (https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/). */
export class Events {
  private readonly cluster: Cluster;
  private readonly namespace: string;
  private readonly tell: (message: string) => void;
  private readonly seen = new Map<string, Tree>();

  constructor(cluster: Cluster, object: Tree, tell: (message: string) => void) {
    this.cluster = cluster;
    // Events about objects of the whole cluster are kept in this namespace.
    this.namespace = namespaceOf(object) || 'default';
    this.tell = tell;
  }

  /** Follows warnings until the signal ends it and tells those about the given objects. Never throws. */
  follow(about: () => ReadonlySet<string>, signal: AbortSignal): void {
    // Events only explain; a user who may not read them still gets the conditions.
    this.run(about, signal).catch(() => undefined);
  }

  /** The warnings about the given objects so far, one line each, the latest last. */
  warnings(uids: ReadonlySet<string>): string[] {
    return [...this.seen.values()]
      .filter((event) => uids.has(textAt(event, 'involvedObject', 'uid')))
      .map(line);
  }

  private async run(about: () => ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    await sleep(patienceMs, undefined, { signal });
    const path = `/api/v1/namespaces/${this.namespace}/events`;
    for await (const change of follow(this.cluster.api, { path, fieldSelector: 'type=Warning' }, signal)) {
      if (change.type === 'gone') continue;
      for (const event of change.type === 'listed' ? change.objects : [change.object]) {
        this.seen.delete(uidOf(event));
        this.seen.set(uidOf(event), event);
        if (about().has(textAt(event, 'involvedObject', 'uid'))) this.tell(line(event));
      }
    }
  }
}

function line(event: Tree): string {
  const count = numberAt(event, 'count') ?? 1;
  const times = count > 1 ? ` (${count} times)` : '';
  const subject = `${textAt(event, 'involvedObject', 'kind')} ${textAt(event, 'involvedObject', 'name')}`;
  return `${subject}: ${textAt(event, 'reason')}: ${textAt(event, 'message').trim()}${times}`;
}
