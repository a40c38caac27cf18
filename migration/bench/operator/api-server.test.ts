import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type KubeClient, kubeClient } from '../../kube/client.ts';
import { pod } from '../../kube/objects.ts';
import { migrationPath, migrationsPath, podPath, podsPath } from '../../kube/paths.ts';
import { Reflector } from '../../kube/reflector.ts';
import { FakeApiServer } from './api-server.ts';
import { draft, ObjectStore, type StoredObject } from './object-store.ts';

let store: ObjectStore;
let api: FakeApiServer;
let client: KubeClient;

beforeEach(async () => {
  store = new ObjectStore();
  api = new FakeApiServer(store, { read: 0, write: 0 });
  await new Promise<void>((resolve) => api.server.listen(0, '127.0.0.1', resolve));
  const server = `http://127.0.0.1:${(api.server.address() as AddressInfo).port}`;
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'test', server, skipTLSVerify: true }, { name: 'test' });
  client = kubeClient(config);
});
afterEach(() => {
  api.server.closeAllConnections();
  api.server.close();
});

const create = async (name: string, more = {}): Promise<StoredObject> =>
  (await client.request('POST', migrationsPath('a'), {
    body: { metadata: { name, ...more } },
  })) as StoredObject;

it('refuses a second object of a name, and what is not there', async () => {
  await create('x');
  await expect(create('x')).rejects.toMatchObject({ code: 409, reason: 'AlreadyExists' });
  await expect(client.request('GET', migrationPath('a', 'y'))).rejects.toMatchObject({ code: 404 });
});

it('refuses a write over a newer version, and keeps spec and status apart', async () => {
  const first = await create('x');
  const path = migrationPath('a', 'x');
  const body = { ...first, spec: { a: 1 }, status: { b: 1 } };
  await client.request('PUT', `${path}/status`, { body });
  expect(await client.request('GET', path)).toMatchObject({ status: { b: 1 } });
  expect(await client.request('GET', path)).not.toHaveProperty('spec');
  await expect(client.request('PUT', path, { body })).rejects.toMatchObject({
    code: 409,
    reason: 'Conflict',
  });
  await expect(
    client.request('PATCH', path, {
      body: { metadata: { resourceVersion: first.metadata.resourceVersion } },
    }),
  ).rejects.toMatchObject({ code: 409 });
});

it('keeps an object until its last finalizer is gone', async () => {
  await create('x', { finalizers: ['f'] });
  const path = migrationPath('a', 'x');
  await client.request('DELETE', path);
  expect(await client.request('GET', path)).toHaveProperty('metadata.deletionTimestamp');
  await client.request('PATCH', path, { body: { metadata: { finalizers: [] } } });
  await expect(client.request('GET', path)).rejects.toMatchObject({ code: 404 });
});

it('deletes only the pod that is meant, which then lingers', async () => {
  store.create('/pods', draft.parse({ metadata: { name: 'p', namespace: 'a' } }));
  const remove = (uid: string) =>
    client.request('DELETE', podPath('a', 'p'), { body: { preconditions: { uid } } });
  await expect(remove('other')).rejects.toMatchObject({ code: 409 });
  await remove(store.get('/pods', 'a', 'p')?.metadata.uid ?? '');
  expect(store.get('/pods', 'a', 'p')?.metadata.deletionTimestamp).toBeDefined();
});

it('lists in pages and selects by label', async () => {
  for (let n = 0; n < 5; n += 1)
    store.create(
      '/pods',
      draft.parse({ metadata: { name: `p${n}`, namespace: 'a', labels: { odd: String(n % 2) } } }),
    );
  const list = (query: Record<string, string | number>) =>
    client.request('GET', podsPath('a'), { query }) as Promise<{
      metadata: { continue?: string };
      items: { metadata: { name: string } }[];
    }>;
  const names = ({ items }: Awaited<ReturnType<typeof list>>) => items.map(({ metadata }) => metadata.name);
  const first = await list({ limit: 3 });
  expect(names(first)).toEqual(['p0', 'p1', 'p2']);
  const second = await list({ limit: 3, continue: first.metadata.continue ?? '' });
  expect(names(second)).toEqual(['p3', 'p4']);
  expect(second.metadata.continue).toBeUndefined();
  expect(names(await list({ labelSelector: 'odd=1' }))).toEqual(['p1', 'p3']);
  await expect(list({ labelSelector: 'odd!=1' })).rejects.toMatchObject({ code: 400 });
});

it('feeds a reflector: what was there, what comes, what changes, what goes', async () => {
  const seen: string[] = [];
  const until = (what: string) => vi.waitFor(() => expect(seen).toContain(what), { timeout: 20_000 });
  await create('before');
  const stop = new AbortController();
  const reflector = new Reflector({
    client,
    path: migrationsPath(),
    parse: (raw) => pod.parse({ spec: { containers: [] }, ...draft.parse(raw) }),
    onChange: ({ metadata }, deleted) => {
      seen.push(`${metadata.name}${deleted ? ' gone' : ''}`);
    },
    onError: () => undefined,
  });
  const running = reflector.run(stop.signal);
  await until('before');
  await create('after');
  await until('after');
  await client.request('DELETE', migrationPath('a', 'before'));
  await until('before gone');
  stop.abort();
  await running;
});
