import { ApiError, type KubeClient } from '../kube/client.ts';
import { parseResourcePath, verbOf } from '../kube/resource-path.ts';
import type { OperatorMetrics } from './metrics.ts';

/** `client` whose requests are counted and timed. */
export function observedClient(client: KubeClient, metrics: OperatorMetrics): KubeClient {
  const asked = (method: string, path: string, isWatch: boolean) => {
    const found = parseResourcePath(path);
    const verb = verbOf(method, found?.name === undefined, isWatch);
    const resource = [found?.resource ?? 'other', found?.subresource].filter(Boolean).join('/');
    const began = performance.now();
    return (code: number) => metrics.apiAsked(verb, resource, code, performance.now() - began);
  };
  return {
    async request(method, path, details) {
      const answered = asked(method, path, false);
      try {
        const result = await client.request(method, path, details);
        answered(200);
        return result;
      } catch (error) {
        answered(codeOf(error));
        throw error;
      }
    },
    async *stream(path, details) {
      const answered = asked('GET', path, true);
      try {
        yield* client.stream(path, details);
        answered(200);
      } catch (error) {
        answered(codeOf(error));
        throw error;
      }
    },
  };
}

/** 0 for no answer at all. */
const codeOf = (error: unknown): number => (error instanceof ApiError ? error.code : 0);
