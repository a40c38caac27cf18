import { setTimeout as sleep } from 'node:timers/promises';
import { isTree, listAt, numberAt, type Tree, textAt, treeAt } from '../object/tree.ts';
import type { ApiClient } from './client.ts';
import { ApiError, UnreachableError } from './error.ts';

/** What to follow: the objects of a collection that match the selectors. */
export interface Followed {
  readonly path: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

/** `listed` replaces everything seen before; `changed` and `gone` are about one object. */
export type Change =
  | { readonly type: 'listed'; readonly objects: readonly Tree[] }
  | { readonly type: 'changed'; readonly object: Tree }
  | { readonly type: 'gone'; readonly object: Tree };

/** The server ends a watch after this time, s; we ask again where it ended. */
const watchSeconds = 240;
/** Bookmarks come about once a minute: a watch that is silent for longer than its own length is dead. */
const quietMs = (watchSeconds + 30) * 1000;
const mostBackoffMs = 5_000;

/**
 * Lists once, then watches from there, for as long as the signal lets it: interrupted watches go on where they were,
 * and an expired position (HTTP 410) leads to a new list.
 *
 * @throws ApiError when the server refuses to list or watch (403, 404, …).
 */
export async function* follow(
  api: ApiClient,
  followed: Followed,
  signal: AbortSignal,
): AsyncGenerator<Change> {
  let position: string | undefined;
  let idle = 0;
  while (!signal.aborted) {
    try {
      if (position === undefined) {
        const list = await listOf(api, followed, signal);
        position = textAt(list, 'metadata', 'resourceVersion');
        yield { type: 'listed', objects: itemsOf(list) };
      }
      for await (const event of watch(api, followed, position, signal)) {
        idle = 0;
        const object = treeAt(event, 'object');
        if (textAt(event, 'type') === 'ERROR')
          throw new ApiError('watch', numberAt(object, 'code') ?? 500, object, '');
        position = textAt(object, 'metadata', 'resourceVersion') || position;
        const change = changeOf(textAt(event, 'type'), object);
        if (change !== undefined) yield change;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.code === 410) position = undefined;
      else if (!isPassing(error)) throw error;
    }
    // A watch that ended without a single event may end like that again at once: ask more and more slowly.
    const pause = Math.min(200 * 2 ** idle, mostBackoffMs);
    idle += 1;
    await sleep(pause, undefined, { signal }).catch(() => undefined);
  }
}

/** The objects of a list. The server leaves out the kind of each, as it is that of the list. */
export function itemsOf(list: Tree): Tree[] {
  const common = { apiVersion: textAt(list, 'apiVersion'), kind: textAt(list, 'kind').replace(/List$/, '') };
  return listAt(list, 'items')
    .filter(isTree)
    .map((item) => ({ ...common, ...item }));
}

function changeOf(type: string, object: Tree): Change | undefined {
  if (type === 'ADDED' || type === 'MODIFIED') return { type: 'changed', object };
  return type === 'DELETED' ? { type: 'gone', object } : undefined;
}

function isPassing(error: unknown): boolean {
  return (
    error instanceof UnreachableError ||
    (error instanceof ApiError && (error.code >= 500 || error.code === 429))
  );
}

async function listOf(api: ApiClient, followed: Followed, signal: AbortSignal): Promise<Tree> {
  const { path, fieldSelector, labelSelector } = followed;
  return api.request({ method: 'GET', path, query: { fieldSelector, labelSelector }, signal });
}

function watch(
  api: ApiClient,
  followed: Followed,
  position: string,
  signal: AbortSignal,
): AsyncGenerator<Tree> {
  const { path, fieldSelector, labelSelector } = followed;
  const query = {
    watch: '1',
    resourceVersion: position,
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(watchSeconds),
    fieldSelector,
    labelSelector,
  };
  return api.stream({ method: 'GET', path, query, signal }, quietMs);
}
