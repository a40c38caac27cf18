import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { KubeClient } from './client.ts';
import { Reflector } from './reflector.ts';

const thing = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string().default(''), resourceVersion: z.string() }),
  color: z.string().default('none'),
});

/** A server of things: lists what there is; a watch gives the changes a test feeds it, until it ends it. */
class FakeServer {
  things: Record<string, { version: number; color: string }> = {};
  version = 10;
  lists = 0;
  listFails = 0;
  #feed: ((event: unknown | Error | undefined) => void) | undefined;
  #queue: unknown[] = [];

  set(name: string, color: string): unknown {
    this.version += 1;
    this.things[name] = { version: this.version, color };
    return this.object(name);
  }

  object(name: string): unknown {
    const { version, color } = this.things[name] ?? { version: this.version, color: 'none' };
    return { metadata: { name, resourceVersion: String(version) }, color };
  }

  send(event: unknown): void {
    if (this.#feed) this.#feed(event);
    else this.#queue.push(event);
  }

  client(): KubeClient {
    const request = async () => {
      this.lists += 1;
      if (this.listFails-- > 0) throw new Error('connection refused');
      const items = Object.keys(this.things).map((name) => this.object(name));
      return { metadata: { resourceVersion: String(this.version) }, items };
    };
    const next = (signal: AbortSignal | undefined) =>
      new Promise<unknown>((resolve, reject) => {
        if (this.#queue.length > 0) return resolve(this.#queue.shift());
        this.#feed = (event) => {
          this.#feed = undefined;
          resolve(event);
        };
        signal?.addEventListener('abort', () => reject(new Error('aborted')));
      });
    return {
      request,
      async *stream(_path, details) {
        for (;;) {
          const event = await next(details?.signal);
          if (event instanceof Error) throw event;
          if (event === undefined) return;
          yield event;
        }
      },
    };
  }
}

function reflect(server: FakeServer) {
  const changes: string[] = [];
  const errors: unknown[] = [];
  const reflector = new Reflector({
    client: server.client(),
    path: '/things',
    parse: (raw) => thing.parse(raw),
    onChange: (object, deleted) => changes.push(`${deleted ? '-' : '+'}${object.metadata.name}`),
    indexes: { color: (object) => [object.color] },
    onError: (error) => errors.push(error),
  });
  const end = new AbortController();
  const running = reflector.run(end.signal);
  const stop = async () => {
    end.abort();
    await running;
  };
  return { reflector, changes, errors, end: stop };
}

const namesOf = (objects: { metadata: { name: string } }[]) => objects.map((o) => o.metadata.name).sort();

describe('a reflector', () => {
  it('lists, then follows changes, and finds objects by what they hold now', async () => {
    const server = new FakeServer();
    server.set('a', 'red');
    const { reflector, changes, end } = reflect(server);
    await reflector.synced;
    server.send({ type: 'ADDED', object: server.set('b', 'red') });
    server.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '99' } } });
    server.send({ type: 'MODIFIED', object: server.set('a', 'blue') });
    await vi.waitFor(() => expect(changes).toEqual(['+a', '+b', '+a']));
    expect(namesOf(reflector.find('color', 'red'))).toEqual(['b']);
    expect(namesOf(reflector.find('color', 'blue'))).toEqual(['a']);
    server.send({ type: 'DELETED', object: server.object('b') });
    await vi.waitFor(() => expect(reflector.find('color', 'red')).toEqual([]));
    expect(reflector.get('', 'b')).toBeUndefined();
    await end();
  });

  it.each([
    ['a lost connection', new Error('ECONNRESET')],
    ['a version that is too old', { type: 'ERROR', object: { code: 410 } }],
    ['any other error of the watch', { type: 'ERROR', object: { code: 500 } }],
    ['nonsense', { what: 1 }],
  ])('lists again after %s and finds what it missed', async (_, trouble) => {
    const server = new FakeServer();
    server.set('a', 'red');
    server.set('b', 'red');
    const { reflector, changes, errors, end } = reflect(server);
    await reflector.synced;
    delete server.things.a;
    server.set('c', 'blue');
    server.listFails = 1;
    server.send(trouble);
    await vi.waitFor(() => expect(namesOf(reflector.list())).toEqual(['b', 'c']), 3000);
    expect(changes).toEqual(expect.arrayContaining(['-a', '+c']));
    expect(errors).toHaveLength(2);
    await end();
  });

  it('leaves out one object that cannot be read, and tells', async () => {
    const server = new FakeServer();
    server.set('a', 'red');
    const { reflector, errors, end } = reflect(server);
    await reflector.synced;
    server.send({ type: 'ADDED', object: { metadata: { name: 1, resourceVersion: '50' } } });
    server.send({ type: 'ADDED', object: { metadata: { resourceVersion: '51' } } });
    server.send({ type: 'ADDED', object: server.set('b', 'red') });
    await vi.waitFor(() => expect(namesOf(reflector.list())).toEqual(['a', 'b']));
    expect(errors).toHaveLength(2);
    expect(server.lists).toBe(1);
    await end();
  });

  it('takes what was just written, and nothing that is older', async () => {
    const server = new FakeServer();
    const { reflector, end } = reflect(server);
    await reflector.synced;
    const at = (version: string, color: string) =>
      thing.parse({ metadata: { name: 'a', resourceVersion: version }, color });
    reflector.put(at('100', 'new'));
    reflector.put(at('99', 'old'));
    expect(reflector.get('', 'a')?.color).toBe('new');
    reflector.put(at('1000', 'newest'));
    expect(reflector.get('', 'a')?.color).toBe('newest');
    await end();
  });
});

it('the index always agrees with a search through everything', () => {
  const change = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    color: fc.constantFrom('red', 'blue', 'green'),
    version: fc.integer({ min: 1, max: 200 }),
  });
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const reflector = new Reflector({
        client: new FakeServer().client(),
        path: '/things',
        parse: (raw) => thing.parse(raw),
        indexes: { color: (object) => [object.color] },
        onError: () => undefined,
      });
      for (const { name, color, version } of changes) {
        reflector.put(thing.parse({ metadata: { name, resourceVersion: String(version) }, color }));
      }
      for (const color of ['red', 'blue', 'green']) {
        const searched = reflector.list().filter((object) => object.color === color);
        expect(namesOf(reflector.find('color', color))).toEqual(namesOf(searched));
      }
    }),
  );
});
