import { afterEach, describe, expect, it } from 'vitest';
import { type FakeServer, fakeServer, json, lines } from './fake-server.ts';
import { type Change, follow } from './watch.ts';

const item = (name: string, resourceVersion: string) => ({ metadata: { name, uid: name, resourceVersion } });
const list = (resourceVersion: string, ...items: object[]) =>
  json(200, { apiVersion: 'v1', kind: 'PodList', metadata: { resourceVersion }, items });
const event = (type: string, object: object) => ({ type, object });

describe('follow', () => {
  let server: FakeServer;
  afterEach(() => server.close());

  /** The first changes, as `type name`, then stops. */
  async function take(count: number): Promise<string[]> {
    const controller = new AbortController();
    const seen: string[] = [];
    for await (const change of follow(
      server.api,
      { path: '/pods', fieldSelector: 'metadata.name=a' },
      controller.signal,
    )) {
      seen.push(describeChange(change));
      if (seen.length === count) controller.abort();
    }
    return seen;
  }

  function describeChange(change: Change): string {
    const objects = change.type === 'listed' ? change.objects : [change.object];
    return [change.type, ...objects.map((object) => (object.metadata as { name: string }).name)].join(' ');
  }

  it('lists, then goes on from there, over the end of a watch', async () => {
    server = await fakeServer(
      list('5', item('a', '3')),
      lines([event('MODIFIED', item('a', '6')), event('BOOKMARK', item('', '9'))], 'end'),
      lines([event('DELETED', item('a', '10'))], 'stay'),
    );
    expect(await take(3)).toEqual(['listed a', 'changed a', 'gone a']);
    expect(server.requests.map((request) => /resourceVersion=(\d+)/.exec(request)?.[1])).toEqual([
      undefined,
      '5',
      '9',
    ]);
    expect(server.requests[0]).toContain('fieldSelector=metadata.name%3Da');
  });

  it('lists anew when its position has expired, as an event or as an answer', async () => {
    server = await fakeServer(
      list('5'),
      lines([event('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' })], 'end'),
      list('8', item('a', '7')),
      json(410, { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }),
      list('9', item('a', '7'), item('b', '9')),
      lines([], 'stay'),
    );
    expect(await take(3)).toEqual(['listed', 'listed a', 'listed a b']);
  });

  it('goes on after a broken connection where it was', async () => {
    server = await fakeServer(
      list('5'),
      (_request, response) => {
        response.writeHead(200);
        response.write(`${JSON.stringify(event('ADDED', item('a', '6')))}\n{"type":"MODI`);
        setImmediate(() => response.destroy());
      },
      lines([event('MODIFIED', item('a', '7'))], 'stay'),
    );
    expect(await take(3)).toEqual(['listed', 'changed a', 'changed a']);
    expect(server.requests[2]).toContain('resourceVersion=6');
  });

  it('ends with an error when it may not watch', async () => {
    server = await fakeServer(
      json(403, { kind: 'Status', code: 403, reason: 'Forbidden', message: 'pods is forbidden' }),
    );
    await expect(take(1)).rejects.toThrow('HTTP 403: pods is forbidden');
  });

  it('gives the objects of a list their kind', async () => {
    server = await fakeServer(list('5', item('a', '3')), lines([], 'stay'));
    const controller = new AbortController();
    for await (const change of follow(server.api, { path: '/pods' }, controller.signal)) {
      expect(change).toMatchObject({ type: 'listed', objects: [{ apiVersion: 'v1', kind: 'Pod' }] });
      controller.abort();
    }
  });
});
