import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { parseResourcePath, type ResourcePath, verbOf } from '../../kube/resource-path.ts';
import { joinedByType, type Lists, mergePatch } from './merge-patch.ts';
import { type Change, draft, type ObjectStore, type StoredObject } from './object-store.ts';
import { Refusal } from './refusal.ts';
import { wantedBy } from './selector.ts';

/** How long the API server takes over a request besides the work itself, in ms. */
export interface ApiDelays {
  read: number;
  /** etcd makes it durable. */
  write: number;
}

interface Ask {
  path: ResourcePath;
  /** The key of the collection in the store. */
  resource: string;
  query: URLSearchParams;
  body: unknown;
  /** What its patch does to lists. */
  lists: Lists | undefined;
}

const BOOKMARK_MS = 5_000;

/**
 * An API server for measuring clients: list in pages, watch with bookmarks, get, create, update, patch, delete and the
 * status subresource, with versions and conflicts, for any resource at all. It checks no schema and no rights.
 */
export class FakeApiServer {
  /** Requests served, by `verb resource`. */
  readonly served = new Map<string, number>();
  /** Requests refused, by HTTP code. */
  readonly refused = new Map<string, number>();
  readonly server: Server;
  readonly #store: ObjectStore;
  readonly #delays: ApiDelays;

  constructor(store: ObjectStore, delays: ApiDelays) {
    this.#store = store;
    this.#delays = delays;
    this.server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        const code = refuse(response, error);
        count(this.refused, String(code));
      });
    });
    this.server.keepAliveTimeout = 60_000;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://api');
    const path = parseResourcePath(url.pathname);
    if (!path) throw new Refusal(404, 'NotFound', `there is no ${url.pathname}`);
    const isWatch = url.searchParams.get('watch') === 'true';
    const verb = verbOf(request.method ?? '', path.name === undefined, isWatch);
    this.#count(verb, path);
    const resource = `${path.group}/${path.resource}`;
    const ask = {
      path,
      resource,
      query: url.searchParams,
      body: await readJson(request),
      lists: listsOf(request),
    };
    if (verb === 'watch') return this.#watch(ask, response);
    await sleep(verb === 'get' || verb === 'list' ? this.#delays.read : this.#delays.write);
    send(response, verb === 'create' ? 201 : 200, this.#answer(verb, ask));
  }

  #count(verb: string, { resource, subresource }: ResourcePath): void {
    count(this.served, `${verb} ${subresource === undefined ? resource : `${resource}/${subresource}`}`);
  }

  #answer(verb: string, ask: Ask): string {
    switch (verb) {
      case 'list':
        return this.#list(ask);
      case 'get':
        return text(this.#existing(ask));
      case 'create':
        return text(this.#create(ask));
      case 'update':
        return text(this.#change(ask, () => draft.parse(ask.body)));
      case 'patch':
        return text(this.#change(ask, (now) => draft.parse(mergePatch(now, ask.body, ask.lists))));
      case 'delete':
        return text(this.#delete(ask));
      default:
        throw new Refusal(405, 'MethodNotAllowed', `${verb} of ${ask.resource} is not served here`);
    }
  }

  /** A page begins where the last one ended, counted in objects: good enough while little is deleted. */
  #list({ resource, path, query }: Ask): string {
    const limit = Number(query.get('limit') ?? Number.POSITIVE_INFINITY);
    const begin = Number(query.get('continue') ?? 0);
    const wants = wantedBy(path.namespace, query);
    const items: string[] = [];
    let at = 0;
    let next: string | undefined;
    for (const object of this.#store.list(resource)) {
      if (at++ < begin || !wants(object)) continue;
      if (items.length === limit) {
        next = String(at - 1);
        break;
      }
      items.push(text(object));
    }
    const metadata = JSON.stringify({ resourceVersion: this.#store.version, continue: next });
    return `{"kind":"List","apiVersion":"v1","metadata":${metadata},"items":[${items.join(',')}]}`;
  }

  #watch({ resource, path, query }: Ask, response: ServerResponse): void {
    const wants = wantedBy(path.namespace, query);
    response.setHeader('content-type', 'application/json');
    const tell = ({ type, object }: Change): void => {
      if (wants(object)) response.write(`{"type":"${type}","object":${text(object)}}\n`);
    };
    const unwatch = this.#store.watch(resource, Number(query.get('resourceVersion') ?? 0), tell);
    response.flushHeaders();
    const bookmarks = setInterval(() => {
      const object = { metadata: { resourceVersion: this.#store.version } };
      response.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
    }, BOOKMARK_MS);
    const over = setTimeout(() => response.end(), Number(query.get('timeoutSeconds') ?? 1800) * 1000);
    response.once('close', () => {
      unwatch();
      clearInterval(bookmarks);
      clearTimeout(over);
    });
  }

  #existing({ resource, path }: Ask): StoredObject {
    const found = this.#store.get(resource, path.namespace ?? '', path.name ?? '');
    if (!found) throw new Refusal(404, 'NotFound', `${path.resource} "${path.name}" not found`);
    return found;
  }

  #create({ resource, path, body }: Ask): StoredObject {
    const { metadata, ...rest } = draft.parse(body);
    return this.#store.create(resource, {
      ...rest,
      metadata: path.namespace === undefined ? metadata : { ...metadata, namespace: path.namespace },
    });
  }

  /** A subresource changes only what it is named after, everything else only the rest. */
  #change(ask: Ask, to: (now: StoredObject) => z.infer<typeof draft>): StoredObject {
    const now = this.#existing(ask);
    const wanted = to(now);
    const expected = wanted.metadata.resourceVersion;
    if (expected !== undefined && expected !== now.metadata.resourceVersion)
      throw new Refusal(409, 'Conflict', `${ask.path.resource} "${ask.path.name}" has been modified`);
    if (wanted.metadata.uid !== undefined && wanted.metadata.uid !== now.metadata.uid)
      throw new Refusal(409, 'Conflict', `the uid is ${now.metadata.uid}, not ${wanted.metadata.uid}`);
    const { subresource } = ask.path;
    const merged =
      subresource === undefined
        ? { ...wanted, ...('status' in now && { status: now.status }) }
        : { ...now, [subresource]: wanted[subresource] };
    return this.#store.replace(ask.resource, now, merged);
  }

  #delete(ask: Ask): StoredObject {
    const now = this.#existing(ask);
    const { preconditions } = deleteOptions.parse(ask.body ?? {});
    if (preconditions?.uid !== undefined && preconditions.uid !== now.metadata.uid)
      throw new Refusal(409, 'Conflict', `the uid is ${now.metadata.uid}, not ${preconditions.uid}`);
    // A pod goes when its kubelet says so.
    return this.#store.markDeleted(ask.resource, now, ask.resource === '/pods');
  }
}

const deleteOptions = z.looseObject({
  preconditions: z.looseObject({ uid: z.string().optional() }).optional(),
});

const texts = new WeakMap<StoredObject, string>();

/** An object as JSON, made once. */
function text(object: StoredObject): string {
  const known = texts.get(object);
  if (known !== undefined) return known;
  const made = JSON.stringify(object);
  texts.set(object, made);
  return made;
}

function listsOf(request: IncomingMessage): Lists | undefined {
  const isStrategic = request.headers['content-type'] === 'application/strategic-merge-patch+json';
  return isStrategic ? joinedByType : undefined;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString('utf8');
  return body === '' ? undefined : (JSON.parse(body) as unknown);
}

function send(response: ServerResponse, code: number, body: string): void {
  const length = Buffer.byteLength(body);
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': length }).end(body);
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** @returns the HTTP code */
function refuse(response: ServerResponse, error: unknown): number {
  const { code, reason } = error instanceof Refusal ? error : { code: 400, reason: 'BadRequest' };
  const message = error instanceof Error ? error.message : String(error);
  send(response, code, JSON.stringify({ kind: 'Status', apiVersion: 'v1', code, reason, message }));
  return code;
}
