import { expect, it } from 'vitest';
import { podmigration } from '../contract/podmigration.ts';
import type { KubeClient } from './client.ts';
import { createMigration, follow } from './follow.ts';

const raw = (version: string, status: object = {}) => ({
  apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
  kind: 'Podmigration',
  metadata: { name: 'm', namespace: 'default', uid: 'u', resourceVersion: version },
  spec: { action: 'live-migration', sourcePod: 'tick' },
  status,
});
const created = podmigration.parse(raw('1'));
const observer = () => {
  const states: (string | undefined)[] = [];
  return { states, onChange: (m: typeof created) => states.push(m.status.state), onTrouble: () => undefined };
};

/** A client whose list gives `items` and whose watch gives `events` and then waits. */
function clientWith(items: unknown[], events: unknown[]): KubeClient {
  return {
    request: async () => ({ metadata: { resourceVersion: '1' }, items }),
    async *stream(_path, details) {
      yield* events;
      await new Promise((_, reject) =>
        details?.signal?.addEventListener('abort', () => reject(new Error('aborted'))),
      );
    },
  };
}

it('shows every state and ends with the last one', async () => {
  const seen = observer();
  const events = [
    { type: 'MODIFIED', object: raw('2', { state: 'Moving' }) },
    { type: 'MODIFIED', object: raw('3', { state: 'Succeeded' }) },
  ];
  const ending = await follow(
    { client: clientWith([raw('1')], events), namespace: 'default' },
    created,
    5000,
    seen,
  );
  expect(seen.states).toEqual([undefined, 'Moving', 'Succeeded']);
  expect(ending).toMatchObject({ kind: 'over', migration: { status: { state: 'Succeeded' } } });
});

it.each([
  [
    'while it is watched',
    [raw('1')],
    [{ type: 'DELETED', object: raw('2', { state: 'Committed' }) }],
    'Committed',
  ],
  ['before it could be watched', [], [], undefined],
])('ends when it is deleted %s, with what it was then', async (_, items, events, state) => {
  const connection = { client: clientWith(items, events), namespace: 'default' };
  const ending = await follow(connection, created, 5000, observer());
  expect(ending).toMatchObject({ kind: 'deleted', migration: { status: state ? { state } : {} } });
});

it('ends when the time is up, with what is known', async () => {
  const connection = { client: clientWith([raw('1', { state: 'Preparing' })], []), namespace: 'default' };
  const ending = await follow(connection, created, 50, observer());
  expect(ending).toMatchObject({ kind: 'timeout', migration: { status: { state: 'Preparing' } } });
});

it('creates the object in the namespace, its name made by the server', async () => {
  const sent: unknown[] = [];
  const client: KubeClient = {
    ...clientWith([], []),
    request: async (method, path, details) => {
      sent.push([method, path, details?.body]);
      return raw('1');
    },
  };
  const spec = { action: 'live-migration', sourcePod: 'tick' } as const;
  await createMigration({ client, namespace: 'a b' }, 'migrate-tick', spec);
  expect(sent).toEqual([
    [
      'POST',
      '/apis/podmig.dcn.ssu.ac.kr/v1/namespaces/a%20b/podmigrations',
      {
        apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
        kind: 'Podmigration',
        metadata: { generateName: 'migrate-tick-' },
        spec,
      },
    ],
  ]);
});
