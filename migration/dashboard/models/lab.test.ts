import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StreamMessage } from '../../contract/rest-stream.ts';
import { at, migration, node, pod, START } from '../testing/samples.ts';
import { Lab } from './lab.ts';

const scope = { migrations: 'all', pods: 'all', checkpoints: 'all', nodes: true } as const;
const hello: StreamMessage = { kind: 'hello', time: at(0), scope };
const synced: StreamMessage = { kind: 'synced' };
const set = (name: string): StreamMessage => ({ kind: 'pod', change: 'set', object: pod(name, 'worker1') });
const removed = (name: string): StreamMessage => ({
  kind: 'pod',
  change: 'removed',
  object: pod(name, 'worker1'),
});

function labAfter(...messages: StreamMessage[]): Lab {
  const lab = new Lab();
  for (const message of messages) lab.take(message, START - 250);
  return lab;
}
const names = (lab: Lab) => lab.pods.map(({ name }) => name).sort();

describe('what the stream told', () => {
  it('is complete once it says so', () => {
    const lab = labAfter(hello, set('a'));
    expect([lab.isComplete, lab.clockAhead, names(lab)]).toEqual([false, 250, ['a']]);
    lab.take(synced, START);
    expect(lab.isComplete).toBe(true);
  });

  it('changes with what it tells afterwards', () => {
    expect(names(labAfter(hello, set('a'), synced, set('b'), removed('a')))).toEqual(['b']);
  });

  it('keeps kinds apart, and finds a migration by its name', () => {
    const object = migration('move');
    const lab = labAfter(
      hello,
      { kind: 'migration', change: 'set', object },
      { kind: 'node', change: 'set', object: node('worker1') },
    );
    expect(lab.migration('samples', 'move')).toEqual(object);
    expect(lab.migration('other', 'move')).toBeUndefined();
    expect(lab.nodes).toHaveLength(1);
  });

  it('holds after a lost connection until everything was told anew, and then without what is gone', () => {
    const lab = labAfter(hello, set('a'), set('b'), synced, hello, set('b'));
    expect(names(lab)).toEqual(['a', 'b']);
    lab.take(synced, START);
    expect(names(lab)).toEqual(['b']);
  });

  it('is what the last connection told, whatever was told before', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const message = fc.oneof(name.map(set), name.map(removed), fc.constantFrom(hello, synced));
    fc.assert(
      fc.property(fc.array(message), fc.uniqueArray(name), (before, last) => {
        const lab = labAfter(...before, hello, ...last.map(set), synced);
        expect(names(lab)).toEqual([...last].sort());
      }),
    );
  });
});
