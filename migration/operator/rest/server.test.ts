import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { restRoutes } from '../../contract/rest.ts';
import { legacyList, legacyPodmigration } from '../../contract/rest-legacy.ts';
import { problem } from '../../contract/rest-problem.ts';
import { ApiError, NoAnswerError } from '../../kube/client.ts';
import { namingProblems } from '../../metrics/naming-problems.ts';
import { TestAuthority } from '../testing/certificates.ts';
import { CHECKPOINTS, MIGRATIONS, RestHarness } from './testing/rest-harness.ts';

const authority = new TestAuthority();
const credentials = authority.issue('podferry-operator');
afterAll(() => authority.remove());

let rest: RestHarness;
beforeEach(async () => {
  rest = await RestHarness.start(credentials);
});
afterEach(() => rest.stop());

const MINE = '/api/v1/namespaces/mine/podmigrations';
const OTHER = '/api/v1/namespaces/other/podmigrations';
const move = { spec: { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2' } };
const saved = {
  spec: {
    ...{ path: 'a', pod: 'redis', podUid: 'u', line: 'redis', node: 'worker1', containers: [] },
    createdAt: '2026-01-01T00:00:00Z',
    migration: { name: 'm', uid: 'u' },
  },
};

it.each([
  [undefined, 401, 'unauthenticated'],
  ['stranger', 401, 'unauthenticated'],
  ['none', 403, 'forbidden'],
] as const)(
  'answers %s with %i, as problem details with the id of the request',
  async (user, status, code) => {
    const answer = await rest.ask(user, 'GET', '/api/v1/podmigrations');
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(problem.parse(answer.body)).toMatchObject({
      status,
      code,
      requestId: answer.headers['x-request-id'],
    });
    expect(answer.headers['www-authenticate']).toBe(status === 401 ? 'Bearer realm="podferry"' : undefined);
  },
);

it('lets nobody do in a namespace what they may not do there in Kubernetes', async () => {
  rest.add(MIGRATIONS, 'other', 'm', move);
  expect((await rest.ask('limited', 'POST', MINE, move)).status).toBe(201);
  const refused = await Promise.all([
    rest.ask('limited', 'POST', OTHER, move),
    rest.ask('limited', 'GET', `${OTHER}/m`),
    rest.ask('limited', 'PATCH', `${OTHER}/m`, { replicas: 2 }),
    rest.ask('limited', 'DELETE', `${OTHER}/m`),
    rest.ask('limited', 'GET', `${OTHER}/m/events`),
    rest.ask('limited', 'POST', '/api/v1/namespaces/other/dry-runs', { sourcePod: 'tick' }),
    rest.ask('limited', 'DELETE', '/api/v1/namespaces/other/podcheckpoints/c'),
    rest.ask('limited', 'POST', '/api/v1/namespaces/other/podcheckpoints/c/restore', {}),
    rest.ask('limited', 'GET', '/api/v1/nodes'),
    rest.ask('limited', 'POST', '/Podmigrations', { name: 'x', action: 'restore', snapshotPath: 'a' }),
  ]);
  expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 403));
});

it('lists what the caller may see, of all namespaces or of one', async () => {
  rest.add(MIGRATIONS, 'mine', 'a', move);
  rest.add(MIGRATIONS, 'other', 'b', move);
  const names = async (user: string, query = '') => {
    const { body } = await rest.ask(user, 'GET', `/api/v1/podmigrations${query}`);
    // Newest first, by whole seconds: those of one second in any order.
    return (
      body.items?.map(({ metadata }: { metadata: { name: string } }) => metadata.name).sort() ?? body.code
    );
  };
  expect(await names('full')).toEqual(['a', 'b']);
  expect(await names('full', '?namespace=other')).toEqual(['b']);
  expect(await names('limited')).toEqual(['a']);
  expect(await names('limited', '?namespace=other')).toBe('forbidden');
  const { body } = await rest.ask('limited', 'GET', '/api/v1/session');
  expect(body).toMatchObject({
    user: 'limited',
    nodes: { list: false },
    namespaces: [{ namespace: 'mine' }],
  });
});

it('creates a Podmigration, names who asked for it, and shows it', async () => {
  const { status, body } = await rest.ask('limited', 'POST', MINE, move);
  expect(status).toBe(201);
  expect(body).toMatchObject({ requestedBy: 'limited', spec: move.spec, metadata: { namespace: 'mine' } });
  expect(body.metadata.name).toMatch(/^migrate-tick-/);
  expect((await rest.ask('limited', 'GET', `${MINE}/${body.metadata.name}`)).body).toEqual(body);
});

it('deletes only the object that was meant', async () => {
  rest.add(MIGRATIONS, 'mine', 'm', move);
  expect((await rest.ask('full', 'DELETE', `${MINE}/m?uid=another`)).body.code).toBe('conflict');
  expect((await rest.ask('full', 'DELETE', `${MINE}/m`)).status).toBe(202);
  expect((await rest.ask('full', 'GET', `${MINE}/m`)).body.code).toBe('not-found');
});

it('changes how many pods a restore runs', async () => {
  rest.add(MIGRATIONS, 'mine', 'm', { spec: { action: 'restore', snapshotPath: 'a', replicas: 1 } });
  const { body } = await rest.ask('full', 'PATCH', `${MINE}/m`, { replicas: 3 });
  expect(body.spec).toEqual({ action: 'restore', snapshotPath: 'a', replicas: 3 });
});

it('restores a checkpoint that is ready, and no other', async () => {
  rest.add(CHECKPOINTS, 'mine', 'good', { ...saved, status: { state: 'Ready', path: 'a/redis' } });
  rest.add(CHECKPOINTS, 'mine', 'bad', {
    ...saved,
    status: { state: 'Damaged', message: 'x.img', path: 'b' },
  });
  const restore = (name: string) =>
    rest.ask('full', 'POST', `/api/v1/namespaces/mine/podcheckpoints/${name}/restore`, { replicas: 2 });
  expect((await restore('good')).body.spec).toEqual({
    action: 'restore',
    snapshotPath: 'a/redis',
    replicas: 2,
  });
  const { status, body } = await restore('bad');
  expect([status, body.detail]).toEqual([409, 'checkpoint bad is Damaged: x.img']);
});

it('shows nodes with their pods, and what keeps a pod from being moved', async () => {
  rest.addNode('worker1', { 'node-role.kubernetes.io/worker': '' });
  rest.addPod('mine', 'tick');
  rest.addPod('mine', 'net', { spec: { hostNetwork: true } });
  const { body } = await rest.ask('full', 'GET', '/api/v1/nodes');
  expect(body.items).toMatchObject([
    { name: 'worker1', ready: true, roles: ['worker'], address: '192.0.2.1' },
  ]);
  expect(body.items[0].pods).toMatchObject([
    { name: 'tick', restarts: 1, movable: { likely: true, reasons: [] } },
    {
      name: 'net',
      movable: { likely: false, reasons: ["the pod uses its node's own namespaces: hostNetwork"] },
    },
  ]);
});

it('speaks as the original at both of its paths', async () => {
  rest.addPod('default', 'tick');
  const sent = {
    name: 'old',
    action: 'Live-Migration',
    sourcePod: 'tick',
    destHost: 'worker1',
    selector: null,
  };
  const created = await rest.ask('full', 'POST', '/api/Podmigrations', sent);
  expect(created.status).toBe(200);
  expect(legacyPodmigration.parse(created.body)).toEqual({
    ...{ name: 'old', action: 'live-migration', sourcePod: 'tick', destHost: 'worker1', snapshotPath: '' },
    ...{ replicas: null, selector: null, template: {}, status: {} },
  });
  const listed = await rest.ask('full', 'GET', '/Podmigrations');
  expect(legacyList.parse(listed.body).items).toEqual([created.body]);
});

it.each([
  [
    { name: 'x', action: 'live-migration', sourcePod: 'gone', destHost: 'w' },
    /no pod gone in namespace default/,
  ],
  [
    { name: 'x', action: 'checkpoint', sourcePod: 'waiting', snapshotPath: 'a' },
    /waiting is Pending, not Running/,
  ],
  [{ name: 'x', action: 'live-migration' }, /sourcePod/],
  [{ name: 'taken', action: 'restore', snapshotPath: 'a' }, /already exists/],
  [{ name: 'Not A Name', action: 'restore' }, /metadata.name/],
  [{ name: 'x', action: 'fly' }, /body.action/],
  [[], /body/],
  ['text', /body/],
])('refuses %j as the original did, saying why', async (body, why) => {
  rest.addPod('default', 'waiting', { phase: 'Pending' });
  rest.add(MIGRATIONS, 'default', 'taken', move);
  const answer = await rest.ask('full', 'POST', '/Podmigrations', body);
  expect(answer.status).toBe(400);
  expect(answer.body).toEqual({ title: 'Bad Request', details: expect.stringMatching(why) });
});

it.each([
  ['no JSON', '{"name":', 'application/json', 400],
  ['nothing', '', 'application/json', 400],
  ['a prototype', '{"__proto__":{"a":1},"spec":{"action":"restore"}}', 'application/json', 400],
  ['a form', 'a=1', 'application/x-www-form-urlencoded', 415],
  ['plain text', '{}', 'text/plain', 415],
  ['too much', `{"a":"${'x'.repeat(1024 * 1024)}"}`, 'application/json', 413],
  ['deep nesting', `${'['.repeat(50_000)}${']'.repeat(50_000)}`, 'application/json', 400],
])('refuses %s', async (_, payload, type, status) => {
  const headers = { authorization: 'Bearer token-full', 'content-type': type };
  const answer = await rest.app.inject({ method: 'POST', url: MINE, headers, payload });
  expect(answer.statusCode).toBe(status);
  expect(problem.safeParse(JSON.parse(answer.payload)).success).toBe(true);
});

it.each([
  [new NoAnswerError('GET /x: no answer'), 503, 'unavailable'],
  [new ApiError('GET /x', 500, 'InternalError', 'etcd'), 503, 'unavailable'],
  [new Error('a mistake of ours, with a secret'), 500, 'internal'],
])('says of %s that it is not the caller’s fault, and no more', async (error, status, code) => {
  await rest.ask('full', 'GET', '/api/v1/session');
  rest.refusing = error;
  const { body } = await rest.ask('full', 'GET', '/api/v1/podmigrations');
  expect(body).toMatchObject({ status, code });
  expect(body.detail).not.toContain('secret');
});

it('asks the API server once about a token, and logs none', async () => {
  for (let i = 0; i < 5; i++) await rest.ask('full', 'POST', MINE, move);
  expect(rest.reviews.filter((path) => path.endsWith('tokenreviews'))).toHaveLength(1);
  expect(rest.reviews).toHaveLength(2);
  expect(rest.logged.join()).toContain('"caller":"full"');
  expect(rest.logged.join()).not.toContain('token-full');
});

it('lets nobody ask too often', { timeout: 120_000 }, async () => {
  for (let i = 0; i < 600; i++) await rest.ask('none', 'GET', '/api/v1/nodes');
  const last = await rest.ask('none', 'GET', '/api/v1/nodes');
  expect(last).toMatchObject({ status: 429, body: { code: 'too-many-requests' } });
  expect(Number(last.headers['retry-after'])).toBeGreaterThan(0);
  expect((await rest.ask('full', 'GET', '/api/v1/nodes')).status).toBe(200);
});

it('describes every route in its document, and shows that on a page without anything from elsewhere', async () => {
  const { body } = await rest.ask(undefined, 'GET', '/openapi.json');
  expect(body.openapi).toBe('3.1.0');
  for (const { path, method } of Object.values(restRoutes)) {
    const described = body.paths[path.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
    expect(described?.responses, path).toBeDefined();
  }
  expect(body.components.schemas).toHaveProperty('Migration');
  const page = await rest.app.inject({ url: '/docs' });
  expect(page.statusCode).toBe(200);
  expect(page.payload).toContain('/api/v1/namespaces/{namespace}/podmigrations');
  expect(page.payload).not.toMatch(/<script|https?:\/\/|src=/);
});

it('names its metrics as Prometheus wants it, by routes and not by what was asked for', async () => {
  await rest.ask('full', 'GET', `${MINE}/m`);
  await rest.ask('full', 'GET', '/nowhere');
  expect(await namingProblems(rest.registry)).toEqual([]);
  const text = await rest.registry.metrics();
  expect(text).toContain('route="/api/v1/namespaces/:namespace/podmigrations/:name",code="404"');
  expect(text).not.toContain('nowhere');
});

it('gives the dashboard to everybody, and has nothing at other paths beside it', async () => {
  const page = await rest.app.inject({ url: '/?from=somewhere' });
  expect(page.statusCode).toBe(200);
  expect(page.headers['content-type']).toContain('text/html');
  expect(page.headers['content-security-policy']).toContain("script-src 'self'");
  expect((await rest.app.inject({ url: '/favicon.svg' })).headers['content-type']).toBe('image/svg+xml');
  for (const url of ['/index.html', '/..%2fserver.ts', '/%2e%2e%2fserver.ts', '/none.js']) {
    const answer = await rest.app.inject({ url });
    expect(answer.statusCode, url).toBe(404);
    expect(problem.parse(answer.json()).code).toBe('not-found');
  }
});
