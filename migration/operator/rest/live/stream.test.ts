import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { type StreamMessage, streamMessage } from '../../../contract/rest-stream.ts';
import { TestAuthority } from '../../testing/certificates.ts';
import { MIGRATIONS, RestHarness } from '../testing/rest-harness.ts';

const authority = new TestAuthority();
const credentials = authority.issue('podferry-operator');
afterAll(() => authority.remove());

let rest: RestHarness;
let port: number;
beforeEach(async () => {
  rest = await RestHarness.start(credentials);
  await rest.app.listen({ host: '127.0.0.1', port: 0 });
  port = (rest.app.server.address() as AddressInfo).port;
});
afterEach(() => rest.stop());

const move = { spec: { action: 'live-migration', sourcePod: 'tick' } };

/** What a user hears, one message after the other; ends with the stream. */
async function* listen(user: string, query = ''): AsyncGenerator<StreamMessage> {
  const path = `/api/v1/stream${query}`;
  const headers = { authorization: `Bearer token-${user}` };
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers, ca: credentials.ca }, resolve);
    asked.once('error', reject).end();
  });
  expect(response.headers['content-type']).toContain('text/event-stream');
  try {
    for await (const line of createInterface({ input: response }))
      if (line.startsWith('data: ')) yield streamMessage.parse(JSON.parse(line.slice(6)));
  } finally {
    response.destroy();
  }
}

const short = (message: StreamMessage | undefined): string => {
  if (message === undefined || !('object' in message)) return message?.kind ?? 'end';
  const { kind, change, object } = message;
  return `${kind} ${'metadata' in object ? object.metadata.name : object.name} ${change}`;
};

async function upTo(heard: AsyncGenerator<StreamMessage>, last: string): Promise<string[]> {
  const all: string[] = [];
  for (;;) {
    const { value, done } = await heard.next();
    if (done) return [...all, 'end'];
    all.push(short(value));
    if (all.at(-1) === last) return all;
  }
}

it('tells all there is, then what changes, then that it ends', async () => {
  rest.addNode('worker1');
  rest.addPod('mine', 'tick');
  const heard = listen('full');
  expect((await upTo(heard, 'synced')).sort()).toEqual([
    'hello',
    'node worker1 set',
    'pod tick set',
    'synced',
  ]);
  rest.add(MIGRATIONS, 'mine', 'm', move);
  expect(await upTo(heard, 'migration m set')).toEqual(['migration m set']);
  await rest.ask('full', 'DELETE', '/api/v1/namespaces/mine/podmigrations/m');
  expect(await upTo(heard, 'migration m removed')).toEqual(['migration m removed']);
  const closing = rest.app.close();
  expect(await upTo(heard, 'end')).toEqual(['end']);
  await closing;
});

it('tells nobody of what they may not see', async () => {
  rest.addNode('worker1');
  const heard = listen('limited');
  const { value: hello } = await heard.next();
  expect(hello).toMatchObject({
    scope: { migrations: ['mine'], checkpoints: ['mine'], pods: ['mine'], nodes: false },
  });
  rest.add(MIGRATIONS, 'other', 'hidden', move);
  rest.add(MIGRATIONS, 'mine', 'shown', move);
  expect(await upTo(heard, 'migration shown set')).toEqual(['synced', 'migration shown set']);
  await heard.return(undefined);
});

it('does not repeat what looks the same', async () => {
  rest.addPod('mine', 'tick');
  const heard = listen('full', '?namespace=mine');
  await upTo(heard, 'synced');
  const found = rest.store.get('/pods', 'mine', 'tick');
  if (!found) throw new Error('the pod is gone');
  const touched = { ...found, metadata: { ...found.metadata, annotations: { heartbeat: '1' } } };
  rest.store.replace('/pods', found, touched);
  rest.addPod('mine', 'next');
  expect(await upTo(heard, 'pod next set')).toEqual(['pod next set']);
  await heard.return(undefined);
});

it.each([
  ['none', '', 403],
  ['limited', '?namespace=other', 403],
])('refuses %s%s before it begins', async (user, query, status) => {
  expect((await rest.ask(user, 'GET', `/api/v1/stream${query}`)).status).toBe(status);
});

it('has room for only so many streams of one caller', async () => {
  const all = Array.from({ length: 20 }, () => listen('full'));
  await Promise.all(all.map((heard) => heard.next()));
  expect((await rest.ask('full', 'GET', '/api/v1/stream')).body).toMatchObject({ code: 'too-many-requests' });
  await Promise.all(all.map((heard) => heard.return(undefined)));
  await expect
    .poll(async () => (await rest.registry.metrics()).match(/streams_running (\d+)/)?.[1])
    .toBe('0');
});
