import { afterEach, describe, expect, it } from 'vitest';
import { ApiClient } from './client.ts';
import { ApiError, UnreachableError } from './error.ts';
import { type FakeServer, fakeServer, json } from './fake-server.ts';

const { signal } = new AbortController();
const status = (code: number, reason: string, message: string, details = {}) => ({
  kind: 'Status',
  code,
  reason,
  message,
  details,
});

describe('ApiClient', () => {
  let server: FakeServer;
  afterEach(() => server.close());

  it('reports a refusal with its reason, message and causes', async () => {
    const causes = [{ field: 'spec.replicas', message: 'must be a number', reason: 'FieldValueInvalid' }];
    server = await fakeServer(json(422, status(422, 'Invalid', 'Deployment is invalid', { causes })));
    const error = await server.api
      .request({ method: 'POST', path: '/x', body: {}, signal })
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: 'POST /x: HTTP 422: Deployment is invalid',
    });
    expect(server.requests).toHaveLength(1);
  });

  it('tries again while the server is overloaded', async () => {
    server = await fakeServer(
      json(429, status(429, 'TooManyRequests', 'wait')),
      json(503, {}),
      json(200, { ok: true }),
    );
    await expect(server.api.request({ method: 'POST', path: '/x', body: {}, signal })).resolves.toEqual({
      ok: true,
    });
    expect(server.requests).toHaveLength(3);
  });

  it('does not repeat a create that may have arrived, but repeats what does no harm', async () => {
    server = await fakeServer(
      (_request, response) => response.destroy(),
      (_request, response) => response.destroy(),
      json(200, { ok: true }),
    );
    await expect(server.api.request({ method: 'POST', path: '/x', body: {}, signal })).rejects.toThrow(
      UnreachableError,
    );
    await expect(server.api.request({ method: 'PATCH', path: '/x', body: {}, signal })).resolves.toEqual({
      ok: true,
    });
  });

  it('passes on the warnings of an accepted request', async () => {
    const warning = '299 - "v1beta1 is \\"deprecated\\"", 299 - "unknown field"';
    server = await fakeServer(json(200, {}, { warning }));
    const warnings: string[] = [];
    await server.api.request({
      method: 'GET',
      path: '/x',
      signal,
      warn: (message) => warnings.push(message),
    });
    expect(warnings).toEqual(['v1beta1 is "deprecated"', 'unknown field']);
  });

  it('ends with the reason of its signal', async () => {
    const controller = new AbortController();
    server = await fakeServer(() => controller.abort(new Error('the user said so')));
    const request = { method: 'GET', path: '/x', signal: controller.signal } as const;
    await expect(server.api.request(request)).rejects.toThrow('the user said so');
  });

  it('says that nobody is there', async () => {
    server = await fakeServer(json(200, {}));
    const api = new ApiClient({ server: new URL('http://127.0.0.1:1') });
    await expect(api.once({ method: 'GET', path: '/version', signal })).rejects.toThrow(
      'GET http://127.0.0.1:1/version: no answer from the Kubernetes API server: connect ECONNREFUSED',
    );
  });
});
