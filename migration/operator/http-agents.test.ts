import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { node } from '../kube/objects.ts';
import { type Credentials, readCredentials, tlsWire } from './agent-wire.ts';
import { AgentRefusal, AgentUnreachable } from './agents.ts';
import { httpAgents } from './http-agents.ts';
import { TestAuthority } from './testing/certificates.ts';

let authority: TestAuthority;
let foreign: TestAuthority;
let agentOfWorker1: Credentials;
let operator: Credentials;
beforeAll(() => {
  authority = new TestAuthority();
  foreign = new TestAuthority();
  agentOfWorker1 = authority.issue('podferry-agent:worker1');
  operator = readCredentials(authority.write(authority.issue('podferry-operator')));
}, 30_000);
afterAll(() => {
  authority.remove();
  foreign.remove();
});

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const nodeCalled = (name: string) =>
  node.parse({
    metadata: { name },
    status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }] },
  });
const worker1 = nodeCalled('worker1');

/** The operator's view of an agent that answers as `listener` says and shows `identity`. */
async function agentsWith(listener: RequestListener, identity = agentOfWorker1, client = operator) {
  server = createServer({ ...identity, requestCert: true, minVersion: 'TLSv1.3' }, listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return httpAgents(tlsWire(client, (server.address() as AddressInfo).port));
}

const record = {
  id: 'the-migration',
  state: 'thawed',
  resumed: false,
  freezeMs: null,
  bytes: null,
  timings: [],
  failure: null,
};

describe('an agent reached over the network', () => {
  it('gets what the contract says and is understood', async () => {
    const seen: unknown[] = [];
    const agents = await agentsWith(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      seen.push([request.method, request.url, body]);
      response.end(JSON.stringify(record));
    });
    expect(await agents.abortSource(worker1, 'the-migration', 'because')).toEqual(record);
    expect(seen).toEqual([['POST', '/v1/migrations/the-migration/abort', '{"reason":"because"}']]);
    expect(agents.urlOf(worker1)).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  });

  it('that keeps the store is asked for checkpoints by their path', async () => {
    const seen: unknown[] = [];
    const agents = await agentsWith(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      seen.push([request.method, request.url, body]);
      response.end('{"removed":true}');
    });
    const request = { path: '/a b', podUid: 'u', createdAt: '2026-01-01T00:00:00.000Z' };
    expect(await agents.removeCheckpoint(worker1, request)).toEqual({ removed: true });
    await expect(agents.storedCheckpoint(worker1, { path: '/a b', check: 'contents' })).rejects.toThrow(
      /read/,
    );
    expect(seen).toEqual([
      ['POST', '/v1/store/checkpoint/remove', JSON.stringify(request)],
      ['GET', '/v1/store/checkpoint?path=%2Fa%20b&check=contents', ''],
    ]);
  });

  it('that refuses is quoted', async () => {
    const failure = { step: 'dump', message: 'CRIU cannot', criuLog: ['Error (criu/x.c:1)'] };
    const agents = await agentsWith((_, response) => response.writeHead(409).end(JSON.stringify(failure)));
    const error = await agents.source(worker1, 'the-migration').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(AgentRefusal);
    expect(error).toMatchObject({ code: 409, ...failure });
  });

  it.each([
    [200, '{"state":"fine"}', /cannot be read/],
    [500, 'oops', /HTTP 500 oops/],
  ])('that answers %i with something else (%s) is a failure, not a state', async (code, text, message) => {
    const agents = await agentsWith((_, response) => response.writeHead(code).end(text));
    await expect(agents.source(worker1, 'the-migration')).rejects.toThrow(message);
  });

  it('that is not there is unreachable, and the cause is told', async () => {
    const agents = await agentsWith(() => undefined);
    await new Promise((resolve) => server?.close(resolve));
    const error = await agents.source(worker1, 'the-migration').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(AgentUnreachable);
    expect(error).toMatchObject({ message: expect.stringMatching(/agent of worker1: .*ECONNREFUSED/) });
  });

  it('that never answers is given up when the caller wants to', async () => {
    const agents = await agentsWith(() => undefined);
    const signal = AbortSignal.timeout(20);
    const asked = agents.awaitTarget(worker1, 'the-migration', ['waiting'], 30_000, signal);
    await expect(asked).rejects.toBeInstanceOf(AgentUnreachable);
  });
});

describe('only the right agent is believed', () => {
  it.each([
    [
      'the agent of another node',
      () => authority.issue('podferry-agent:worker2'),
      /for podferry-agent:worker2/,
    ],
    ['one at another address', () => authority.issue('podferry-agent:worker1', '127.0.0.9'), /127\.0\.0\.9/],
    ['one of another authority', () => foreign.issue('podferry-agent:worker1'), /certificate/],
  ])('not %s', async (_, identity, message) => {
    const agents = await agentsWith((__, response) => response.end(JSON.stringify(record)), identity());
    await expect(agents.source(worker1, 'the-migration')).rejects.toThrow(message);
  });

  it('and the operator shows its own certificate', async () => {
    const names: unknown[] = [];
    const agents = await agentsWith((request, response) => {
      names.push((request.socket as import('node:tls').TLSSocket).getPeerCertificate().subject.CN);
      response.end(JSON.stringify(record));
    });
    await agents.source(worker1, 'the-migration');
    expect(names).toEqual(['podferry-operator']);
  });
});
