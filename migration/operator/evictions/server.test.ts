import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterAll, afterEach, expect, it } from 'vitest';
import { z } from 'zod';
import { pod } from '../../kube/objects.ts';
import { TestAuthority } from '../testing/certificates.ts';
import type { EvictionWorld } from './decide.ts';
import { evictionsPath } from './path.ts';
import { evictionsServer } from './server.ts';

const authority = new TestAuthority();
const credentials = authority.issue('podferry-operator');
const path = evictionsPath(credentials.key);
afterAll(() => authority.remove());

const review = (more: object = {}) => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    ...{ uid: 'review-1', subResource: 'eviction', name: 'tick', namespace: 'default' },
    object: { metadata: { name: 'tick', namespace: 'default' } },
    ...more,
  },
});

const optedIn = pod.parse({
  metadata: { name: 'tick', namespace: 'default', uid: 'u', labels: { 'podferry.dev/evict': 'move' } },
  spec: { containers: [{ name: 'tick' }] },
  status: { phase: 'Running' },
});

const world = (readPod: EvictionWorld['readPod']): EvictionWorld => ({
  readPod,
  namespaceLabels: async () => ({}),
  isCordoned: async () => true,
  moves: async () => [],
  move: async () => undefined,
  callOff: async () => undefined,
  giveUp: async () => undefined,
  isGivenUp: () => false,
  tell: () => undefined,
  now: () => new Date(),
});

let server: ReturnType<typeof evictionsServer> | undefined;
afterEach(() => server?.close());

async function ask(to: string, body: string, readPod: EvictionWorld['readPod'] = async () => optedIn) {
  server = evictionsServer(world(readPod), credentials, pino({ level: 'silent' }));
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return new Promise<{ code: number; body: unknown }>((resolve, reject) => {
    const call = request(
      { host: '127.0.0.1', port, path: to, method: 'POST', ca: credentials.ca },
      (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ code: response.statusCode ?? 0, body: JSON.parse(text) }));
      },
    );
    call.once('error', reject);
    call.end(body);
  });
}

it('answers 429, and when to ask again, for a pod that is to be moved first', async () => {
  const { code, body } = await ask(`${path}?timeout=10s`, JSON.stringify(review()));
  expect(code).toBe(200);
  expect(body).toMatchObject({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid: 'review-1',
      allowed: false,
      status: { code: 429, reason: 'TooManyRequests', details: { retryAfterSeconds: 2 } },
    },
  });
});

const JUDGED = 'podferry.dev/eviction-judged';
it.each([
  [{}, { path: '/metadata/annotations', value: { [JUDGED]: 'true' } }],
  [
    { annotations: { mine: 'too' } },
    { path: '/metadata/annotations/podferry.dev~1eviction-judged', value: 'true' },
  ],
])('lets others through, and marks them as judged beside %j', async (metadata, mark) => {
  const asked = JSON.stringify(review({ object: { metadata } }));
  const { response } = judged.parse((await ask(path, asked, async () => undefined)).body);
  expect(response).toMatchObject({ uid: 'review-1', allowed: true, patchType: 'JSONPatch' });
  expect(JSON.parse(Buffer.from(response.patch, 'base64').toString())).toEqual([{ op: 'add', ...mark }]);
});
const judged = z.object({ response: z.looseObject({ patch: z.string() }) });

it('is not there for whoever does not know its path', async () => {
  expect((await ask('/evictions', JSON.stringify(review()))).code).toBe(404);
  expect((await ask(`${path}0`, JSON.stringify(review()))).code).toBe(404);
});

it.each([
  ['no JSON', '{'],
  ['nothing', ''],
  ['a review of something else', JSON.stringify(review({ subResource: 'binding' }))],
  ['a review without a name', JSON.stringify(review({ name: '' }))],
  ['too much', JSON.stringify(review({ more: 'x'.repeat(300_000) }))],
])('refuses %s with 400', async (_what, body) => {
  expect((await ask(path, body)).code).toBe(400);
});

it('answers 500 when the API server does not answer, so that nothing is marked as judged', async () => {
  const { code } = await ask(path, JSON.stringify(review()), () => Promise.reject(new Error('no answer')));
  expect(code).toBe(500);
});
