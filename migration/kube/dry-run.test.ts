import { expect, it } from 'vitest';
import { ApiError, type KubeClient } from './client.ts';
import { askDryRun } from './dry-run.ts';

const raw = (version: string, status: object = {}) => ({
  apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
  kind: 'Podmigration',
  metadata: { name: 'm', namespace: 'default', uid: 'u', resourceVersion: version },
  spec: { action: 'live-migration', sourcePod: 'tick', dryRun: true },
  status,
});

function ask(
  events: unknown[],
  interrupted = new AbortController().signal,
  deleted: () => void = () => undefined,
) {
  const requests: { method: string; path: string; body: unknown }[] = [];
  const client: KubeClient = {
    request: async (method, path, details) => {
      requests.push({ method, path, body: details?.body });
      if (method === 'DELETE') deleted();
      return method === 'POST' ? raw('1') : { metadata: { resourceVersion: '1' }, items: [raw('1')] };
    },
    async *stream(_path, details) {
      yield* events;
      await new Promise((_, reject) =>
        details?.signal?.addEventListener('abort', () => reject(new Error('aborted'))),
      );
    },
  };
  const observer = { onChange: () => undefined, onTrouble: () => undefined };
  const spec = { action: 'live-migration' as const, sourcePod: 'tick' };
  const ending = askDryRun({ client, namespace: 'default' }, 'm', spec, 5000, observer, interrupted);
  return { requests, ending };
}
const over = [{ type: 'MODIFIED', object: raw('2', { state: 'Succeeded' }) }];
const removal = {
  method: 'DELETE',
  path: '/apis/podmig.dcn.ssu.ac.kr/v1/namespaces/default/podmigrations/m',
  body: { preconditions: { uid: 'u' } },
};

it('asks with dryRun set, and removes its object again', async () => {
  const { requests, ending } = ask(over);
  expect(await ending).toMatchObject({ kind: 'over', migration: { status: { state: 'Succeeded' } } });
  expect(requests[0]).toMatchObject({ method: 'POST', body: { spec: { dryRun: true, sourcePod: 'tick' } } });
  expect(requests.at(-1)).toMatchObject(removal);
});

it('removes its object also when it is interrupted', async () => {
  const interrupt = new AbortController();
  const { requests, ending } = ask([], interrupt.signal);
  setImmediate(() => interrupt.abort());
  await expect(ending).rejects.toThrow('interrupted');
  expect(requests.at(-1)).toMatchObject(removal);
});

it('is content when somebody else has removed it', async () => {
  const { ending } = ask(over, undefined, () => {
    throw new ApiError('DELETE', 404, 'NotFound', 'gone');
  });
  expect(await ending).toMatchObject({ kind: 'over' });
});
