import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { below, type StorePath, storePath } from './path.ts';
import type { Store } from './store.ts';

/** One thing that every store does alike. `folder` is a fresh directory on it. */
export interface StoreCase {
  name: string;
  run(store: Store, folder: StorePath): Promise<void>;
}

const LIMIT_MS = 20_000;

/**
 * What any implementation of Store has to do, free of a test framework: it runs under one here and, bundled, on the nodes
 * of a lab, where libnfs has a server to talk to.
 */
export const storeCases: readonly StoreCase[] = [
  {
    name: 'gives back the bytes that were put',
    async run(store, folder) {
      for (const size of [0, 1, 65536, 3_000_001]) {
        const bytes = randomBytes(size);
        await put(store, bytes, below(folder, `size-${size}`));
        assert.ok(bytes.equals(await get(store, below(folder, `size-${size}`))));
      }
    },
  },
  {
    name: 'replaces a file',
    async run(store, folder) {
      const file = below(folder, 'twice');
      await put(store, Buffer.from('a longer first content'), file);
      await put(store, Buffer.from('second'), file);
      assert.equal((await get(store, file)).toString(), 'second');
    },
  },
  {
    name: 'takes several files at once',
    async run(store, folder) {
      const names = Array.from({ length: 6 }, (_, n) => `file-${n}.img`);
      await Promise.all(names.map((name) => put(store, Buffer.from(name), below(folder, name))));
      assert.deepEqual(
        (await store.list(folder)).map(({ name, kind, bytes }) => [name, kind, bytes]),
        names.map((name) => [name, 'file', name.length]),
      );
    },
  },
  {
    name: 'makes folders at any depth, again and again',
    async run(store, folder) {
      const deep = below(folder, 'a', 'b', 'c');
      await store.mkdir(deep);
      await store.mkdir(deep);
      assert.equal((await store.stat(deep))?.kind, 'directory');
    },
  },
  {
    name: 'says what stands where',
    async run(store, folder) {
      await put(store, Buffer.from('12345'), below(folder, 'five'));
      assert.deepEqual(await store.stat(below(folder, 'five')), { name: 'five', kind: 'file', bytes: 5 });
      assert.equal(await store.stat(below(folder, 'nothing')), undefined);
      assert.equal(await store.stat(below(folder, 'nothing', 'below')), undefined);
    },
  },
  {
    name: 'removes files and whole folders, also what is not there',
    async run(store, folder) {
      await store.mkdir(below(folder, 'old', 'deep'));
      await put(store, Buffer.from('x'), below(folder, 'old', 'deep', 'file'));
      await store.remove(below(folder, 'old'));
      await store.remove(below(folder, 'old'));
      assert.deepEqual(await store.list(folder), []);
    },
  },
  {
    name: 'never removes its root',
    async run(store) {
      await assert.rejects(store.remove(storePath('/')), /root of the store/);
    },
  },
  {
    name: 'renames a folder in one step, to where none is',
    async run(store, folder) {
      await store.mkdir(below(folder, 'new'));
      await put(store, Buffer.from('x'), below(folder, 'new', 'file'));
      await store.rename(below(folder, 'new'), below(folder, 'made', 'there'));
      assert.equal((await get(store, below(folder, 'made', 'there', 'file'))).toString(), 'x');
      await store.mkdir(below(folder, 'other'));
      await assert.rejects(store.rename(below(folder, 'other'), below(folder, 'made', 'there')), /exists/);
    },
  },
  {
    name: 'names the path that it cannot read or write',
    async run(store, folder) {
      await assert.rejects(get(store, below(folder, 'nothing')), /cannot read '.*nothing'/);
      await assert.rejects(
        put(store, Buffer.from('x'), below(folder, 'no', 'folder')),
        /cannot write '.*folder'/,
      );
      await assert.rejects(store.list(below(folder, 'nothing')), /nothing/);
    },
  },
  {
    name: 'knows how much room there is',
    async run(store) {
      assert.ok((await store.freeBytes()) > 0);
    },
  },
];

/** Where the suite works on a store; whoever runs it removes this at the end. */
export const SUITE_FOLDER = storePath('store-suite');

/** Runs one case in a fresh folder of the store and removes it again. */
export async function runStoreCase(store: Store, { name, run }: StoreCase): Promise<void> {
  const folder = below(SUITE_FOLDER, `${name.replace(/\W+/g, '-')}-${randomBytes(4).toString('hex')}`);
  await store.mkdir(folder);
  try {
    await run(store, folder);
  } finally {
    await store.remove(folder);
  }
}

async function put(store: Store, bytes: Buffer, file: StorePath): Promise<void> {
  const dir = await mkdtemp(path.join(tmpdir(), 'podferry-put-'));
  try {
    await writeFile(path.join(dir, 'local'), bytes);
    await store.put(path.join(dir, 'local'), file, LIMIT_MS);
  } finally {
    await rm(dir, { recursive: true });
  }
}

async function get(store: Store, file: StorePath): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of store.read(file, LIMIT_MS)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
