import { expect, it, vi } from 'vitest';
import { ApiError, type KubeClient } from '../kube/client.ts';
import { runAsLeader } from './lease.ts';

/** A server with one lease, which checks versions as an API server does. */
class LeaseServer {
  lease: { metadata: { resourceVersion: string }; spec: { holderIdentity?: string } } | undefined;
  isDown = false;
  #version = 0;

  client(): KubeClient {
    return {
      request: async (method, _path, details = {}) => {
        if (this.isDown) throw new Error('unreachable');
        if (method === 'GET') {
          if (!this.lease) throw new ApiError('GET', 404, 'NotFound', '');
          return structuredClone(this.lease);
        }
        const body = details.body as NonNullable<LeaseServer['lease']>;
        const version = this.lease?.metadata.resourceVersion;
        const conflict = method === 'POST' ? this.lease : body.metadata.resourceVersion !== version;
        if (conflict) throw new ApiError(method, 409, 'Conflict', '');
        this.#version += 1;
        this.lease = { ...body, metadata: { ...body.metadata, resourceVersion: String(this.#version) } };
        return this.lease;
      },
      stream: () => {
        throw new Error('not used');
      },
    };
  }
}

function candidate(server: LeaseServer, identity: string, signal: AbortSignal) {
  const terms: AbortSignal[] = [];
  const options = {
    client: server.client(),
    namespace: 'ns',
    name: 'lease',
    identity,
    onError: () => undefined,
    durationMs: 200,
    renewDeadlineMs: 100,
    retryMs: 10,
  };
  const running = runAsLeader(options, signal, (leading) => {
    terms.push(leading);
    return new Promise((resolve) => leading.addEventListener('abort', () => resolve()));
  });
  return { terms, running };
}

it('one leads, the other takes over when the first steps down', async () => {
  const server = new LeaseServer();
  const [first, second] = [new AbortController(), new AbortController()];
  const a = candidate(server, 'a', first.signal);
  await vi.waitFor(() => expect(a.terms).toHaveLength(1));
  const b = candidate(server, 'b', second.signal);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(b.terms).toHaveLength(0);
  first.abort();
  await a.running;
  expect(a.terms[0]?.aborted).toBe(true);
  await vi.waitFor(() => expect(b.terms).toHaveLength(1));
  expect(server.lease?.spec.holderIdentity).toBe('b');
  second.abort();
  await b.running;
  expect(server.lease?.spec.holderIdentity).toBe('');
});

it('steps down when it cannot renew, and leads again when it can', async () => {
  const server = new LeaseServer();
  const end = new AbortController();
  const { terms, running } = candidate(server, 'a', end.signal);
  await vi.waitFor(() => expect(terms).toHaveLength(1));
  server.isDown = true;
  await vi.waitFor(() => expect(terms[0]?.aborted).toBe(true), 3000);
  server.isDown = false;
  await vi.waitFor(() => expect(terms).toHaveLength(2), 3000);
  end.abort();
  await running;
});

it('takes the lease of one that died without a word, once that has not been renewed for its duration', async () => {
  const server = new LeaseServer();
  server.lease = {
    metadata: { resourceVersion: '0' },
    spec: { holderIdentity: 'dead', leaseDurationSeconds: 0.1 } as object,
  };
  const end = new AbortController();
  const { terms, running } = candidate(server, 'b', end.signal);
  await vi.waitFor(() => expect(terms).toHaveLength(1), 3000);
  end.abort();
  await running;
});
