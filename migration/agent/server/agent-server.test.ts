import { mkdtemp, rm } from 'node:fs/promises';
import { get, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { pino } from 'pino';
import { Counter, Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AgentClient } from '../client.ts';
import { RequestError, StepError } from '../failure.ts';
import { listenAnywhere } from '../testing/listen.ts';
import { TestAuthority } from '../testing/pki.ts';
import type { TlsMaterial } from '../tls.ts';
import { callerOf, createAgentServer } from './agent-server.ts';
import { metricsRoute } from './metrics-route.ts';
import { match, type Route } from './router.ts';

const routes: Route[] = [
  {
    method: 'POST',
    path: '/v1/things/:id/do',
    callers: ['operator'],
    serve: async ({ params }) => ({ did: params.id }),
  },
  {
    method: 'GET',
    path: '/v1/things/:id',
    callers: ['operator', 'agent'],
    serve: async () => ({ ok: true }),
  },
  {
    method: 'POST',
    path: '/v1/streams',
    callers: ['agent'],
    takesStream: true,
    serve: async ({ stream, ready }) => {
      ready();
      return { bytes: (await buffer(stream)).length };
    },
  },
  {
    method: 'GET',
    path: '/v1/fails',
    callers: ['agent'],
    serve: async () => {
      throw new StepError('dump', 'CRIU failed', { criuLog: ['Error'] });
    },
  },
];

const registry = new Registry();

let dir: string;
let authority: TestAuthority;
let server: Server;
let base: string;

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-server-'));
  authority = await TestAuthority.create(dir);
  const tls = await authority.issue('podferry-agent:worker1');
  server = createAgentServer(tls, [...routes, metricsRoute(registry)], pino({ level: 'silent' }));
  base = `https://127.0.0.1:${await listenAnywhere(server)}`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(dir, { recursive: true });
});

const as = async (name: string, from = authority) => new AgentClient(base, await from.issue(name));
const anything = z.looseObject({});

describe('the agent’s server', () => {
  it('serves the operator', async () => {
    const client = await as('podferry-operator');
    expect(await client.post('/v1/things/7/do', {}, anything, 5000)).toEqual({ did: '7' });
  });

  it('serves an agent only what is for agents', async () => {
    const client = await as('podferry-agent:worker2');
    expect(await client.get('/v1/things/7', {}, anything, 5000)).toEqual({ ok: true });
    await expect(client.post('/v1/things/7/do', {}, anything, 5000)).rejects.toMatchObject({ status: 403 });
  });

  it('serves its metrics as text, to the operator alone', async () => {
    new Counter({ name: 'podferry_things_total', help: 'Things.', registers: [registry] }).inc(2);
    const ask = async (name: string) => {
      const tls = await authority.issue(name);
      return new Promise<{ status: number | undefined; type: string | undefined; text: string }>(
        (resolve, reject) => {
          get(`${base}/v1/metrics`, tls, async (answer) => {
            const text = (await answer.toArray()).join('');
            resolve({ status: answer.statusCode, type: answer.headers['content-type'], text });
          }).once('error', reject);
        },
      );
    };
    const answer = await ask('podferry-operator');
    expect(answer).toMatchObject({ status: 200, type: registry.contentType });
    expect(answer.text).toContain('podferry_things_total 2\n');
    expect(await ask('podferry-agent:worker2')).toMatchObject({ status: 403 });
  });

  it('serves nobody else, though the authority signed for them', async () => {
    const client = await as('somebody');
    await expect(client.get('/v1/things/7', {}, anything, 5000)).rejects.toMatchObject({ status: 403 });
  });

  it('does not talk to those whom another authority signed for', async () => {
    const elsewhere = await mkdtemp(path.join(dir, 'other-'));
    const stranger = await (await TestAuthority.create(elsewhere)).issue('podferry-operator');
    const { ca } = await authority.issue('podferry-operator');
    const client = new AgentClient(base, { ...stranger, ca });
    await expect(client.get('/v1/things/7', {}, anything, 5000)).rejects.toThrow(/does not answer/);
  });

  it('speaks TLS 1.3 only', async () => {
    const { key, cert, ca } = await authority.issue('podferry-operator');
    const outcome = await new Promise<string>((resolve) => {
      const socket = connect({ port: Number(new URL(base).port), key, cert, ca, maxVersion: 'TLSv1.2' });
      socket.once('secureConnect', () => resolve('connected'));
      socket.once('error', () => resolve('refused'));
    });
    expect(outcome).toBe('refused');
  });

  it('tells who sends a stream that all is ready for it, before it has ended', async () => {
    const client = await as('podferry-agent:worker2');
    const { signal } = new AbortController();
    const { body, ready, answer } = client.upload('/v1/streams', {}, anything, signal);
    await ready;
    body.end('state');
    expect(await answer).toEqual({ bytes: 5 });
  });

  it('tells what failed, with its step', async () => {
    const client = await as('podferry-agent:worker2');
    await expect(client.get('/v1/fails', {}, anything, 5000)).rejects.toMatchObject({
      status: 500,
      step: 'dump',
      message: 'CRIU failed',
    });
  });

  it('knows no other paths', async () => {
    const client = await as('podferry-operator');
    await expect(client.get('/v1/other', {}, anything, 5000)).rejects.toBeInstanceOf(RequestError);
  });
});

describe('AgentClient', () => {
  it('does not take just any server of the authority for an agent', async () => {
    const impostor = createAgentServer(await authority.issue('somebody'), routes, pino({ level: 'silent' }));
    const port = await listenAnywhere(impostor);
    const tls: TlsMaterial = await authority.issue('podferry-operator');
    const client = new AgentClient(`https://127.0.0.1:${port}`, tls);
    await expect(client.get('/v1/things/7', {}, anything, 5000)).rejects.toThrow(/not an agent/);
    impostor.close();
  });

  it('gives up on a server that does not answer', async () => {
    const silent: Route = { ...(routes[1] as Route), serve: () => new Promise(() => undefined) };
    const tls = await authority.issue('podferry-agent:worker1');
    const slow = createAgentServer(tls, [silent], pino({ level: 'silent' }));
    const client = new AgentClient(`https://127.0.0.1:${await listenAnywhere(slow)}`, tls);
    await expect(client.get('/v1/things/7', {}, anything, 50)).rejects.toThrow(/does not answer/);
    slow.closeAllConnections();
    slow.close();
  });
});

describe('callerOf', () => {
  it.each([
    ['podferry-operator', 'operator'],
    ['podferry-agent:worker1', 'agent'],
    ['podferry-agent:', undefined],
    ['podferry-operator2', undefined],
    ['x podferry-agent:worker1', undefined],
    ['undefined', undefined],
  ])('%s is %s', (name, caller) => expect(callerOf(name)).toBe(caller));
});

describe('match', () => {
  it('takes the values of the named parts', () =>
    expect(match('/a/:x/b/:y', '/a/1/b/2')).toEqual({ x: '1', y: '2' }));
  it('wants all parts', () => expect(match('/a/:x', '/a/1/b')).toBeUndefined());
});
