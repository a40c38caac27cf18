import { expect, it, vi } from 'vitest';
import { ApiError, type KubeClient } from '../kube/client.ts';
import { migrationPath, podsPath } from '../kube/paths.ts';
import { OperatorMetrics } from './metrics.ts';
import { observedClient } from './observed-client.ts';

function clientThat(request: KubeClient['request'], stream: KubeClient['stream'] = async function* () {}) {
  const metrics = new OperatorMetrics();
  const asked = vi.spyOn(metrics, 'apiAsked');
  return { client: observedClient({ request, stream }, metrics), asked };
}

it('counts by verb and resource, without names', async () => {
  const { client, asked } = clientThat(async () => ({}));
  await client.request('GET', podsPath());
  await client.request('PUT', `${migrationPath('a', 'b')}/status`);
  expect(asked.mock.calls.map((call) => call.slice(0, 3))).toEqual([
    ['list', 'pods', 200],
    ['update', 'podmigrations/status', 200],
  ]);
});

it('counts refusals by code, and no answer as 0', async () => {
  const errors = [new ApiError('x', 409, 'Conflict', ''), new Error('no answer')];
  const { client, asked } = clientThat(() => Promise.reject(errors[asked.mock.calls.length]));
  await expect(client.request('POST', podsPath('a'))).rejects.toBe(errors[0]);
  await expect(client.request('POST', podsPath('a'))).rejects.toBe(errors[1]);
  expect(asked.mock.calls.map(([, , code]) => code)).toEqual([409, 0]);
});

it('passes a watch through and counts it when it ends', async () => {
  const { client, asked } = clientThat(
    async () => ({}),
    async function* () {
      yield 1;
      yield 2;
    },
  );
  const seen: unknown[] = [];
  for await (const event of client.stream(podsPath())) {
    expect(asked).not.toHaveBeenCalled();
    seen.push(event);
  }
  expect(seen).toEqual([1, 2]);
  expect(asked).toHaveBeenCalledWith('watch', 'pods', 200, expect.any(Number));
});
