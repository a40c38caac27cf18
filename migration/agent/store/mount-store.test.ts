import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MountStore } from './mount-store.ts';
import { storePath } from './path.ts';
import { runStoreCase, storeCases } from './store-suite.ts';

describe('MountStore', () => {
  let root: string;
  let store: MountStore;
  beforeAll(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'podferry-mount-'));
    store = new MountStore(root);
  });
  afterAll(() => rm(root, { recursive: true }));

  it.each(storeCases)('$name', (storeCase) => runStoreCase(store, storeCase));

  it('does not follow a link that somebody made on the store', async () => {
    await symlink('/etc', path.join(root, 'link'));
    await expect(store.list(storePath('link'))).rejects.toThrow(/leads through/);
    await expect(store.put('/etc/hostname', storePath('link/x'), 1000)).rejects.toThrow(/leads through/);
    expect((await store.list(storePath(''))).map(({ name }) => name)).not.toContain('link');
  });
});
