import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Claim, fullNodes, inOrder, type Limits, turns } from './slots.ts';

const NODES = ['a', 'b', 'c', 'd'];
const claim = (key: string, source: string, target?: string, second = 0): Claim => ({
  key,
  since: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
  source,
  target,
});
const admitted = (waiting: Claim[], active: Claim[], limits: Limits) =>
  [...turns(waiting, active, limits, NODES)].filter(([, obstacle]) => !obstacle).map(([key]) => key);

describe('whose turn it is', () => {
  it('the first come begin while there is room at both nodes and in the cluster', () => {
    const six = ['1', '2', '3', '4', '5', '6'].map((key) => claim(key, 'a', 'b', Number(key)));
    expect(admitted(six, [], { perNode: 2, perCluster: 10 })).toEqual(['1', '2']);
    expect(admitted(six.slice(1), [claim('0', 'a', 'b')], { perNode: 2, perCluster: 10 })).toEqual(['2']);
    expect(admitted(six, [], { perNode: 9, perCluster: 3 })).toEqual(['1', '2', '3']);
    const obstacles = turns(six, [], { perNode: 2, perCluster: 10 }, NODES);
    expect(obstacles.get('3')).toMatch(/^node a is taken: 2 migrations/);
  });

  it('one between free nodes passes one that waits, but none that needs what it waits for', () => {
    const active = [claim('0', 'a', 'b')];
    const waiting = [claim('1', 'b', 'c', 1), claim('2', 'c', 'd', 2), claim('3', 'd', 'e', 3)];
    expect(admitted(waiting, active, { perNode: 1, perCluster: 10 })).toEqual([]);
    expect(admitted(waiting.slice(1), active, { perNode: 1, perCluster: 10 })).toEqual(['2']);
  });

  it('one without a destination needs room at its source and at some other node, and keeps it everywhere', () => {
    const limits = { perNode: 1, perCluster: 10 };
    expect(admitted([claim('1', 'a')], [claim('0', 'b', 'c')], limits)).toEqual(['1']);
    expect(admitted([claim('1', 'a')], [claim('0', 'b', 'c'), claim('x', 'd', 'd')], limits)).toEqual([]);
    expect(admitted([claim('1', 'a')], [claim('0', 'b')], limits)).toEqual([]);
    expect(fullNodes([claim('0', 'b', 'c')], limits, NODES)).toEqual(['b', 'c']);
    expect(fullNodes([claim('0', 'b')], limits, NODES)).toEqual(NODES);
  });
});

describe('a queue', () => {
  const node = fc.constantFrom(...NODES);
  const claims = fc
    .array(fc.record({ source: node, target: fc.option(node, { nil: undefined }), second: fc.nat(59) }), {
      maxLength: 25,
    })
    .map((list) => list.map(({ source, target, second }, i) => claim(String(i), source, target, second)));
  const limits = fc.record({
    perNode: fc.integer({ min: 1, max: 3 }),
    perCluster: fc.integer({ min: 1, max: 6 }),
  });

  /** Works a queue off: `choose` says which of those under way ends next. Gives the order of beginning. */
  function workOff(all: Claim[], limits: Limits, choose: (n: number) => number): string[] {
    const waiting = [...all];
    const active: Claim[] = [];
    const begun: string[] = [];
    while (waiting.length > 0 || active.length > 0) {
      for (const key of admitted(waiting, active, limits)) {
        const [next] = waiting.splice(
          waiting.findIndex((c) => c.key === key),
          1,
        ) as [Claim];
        const full = fullNodes(active, limits, NODES);
        const target = next.target ?? NODES.find((n) => n !== next.source && !full.includes(n));
        expect(target).toBeDefined();
        active.push({ ...next, target });
        begun.push(key);
      }
      expect(active.length).toBeGreaterThan(0);
      expect(active.length).toBeLessThanOrEqual(limits.perCluster);
      for (const n of NODES) {
        const here = active.filter((c) => c.source === n || c.target === n).length;
        expect(here).toBeLessThanOrEqual(limits.perNode);
      }
      active.splice(choose(active.length), 1);
    }
    return begun;
  }

  it('never goes over a limit, never stands still, and lets all through', () => {
    fc.assert(
      fc.property(claims, limits, fc.infiniteStream(fc.nat()), (all, most, luck) => {
        const choose = (n: number) => (luck.next().value as number) % n;
        expect(workOff(all, most, choose).sort()).toEqual(all.map((c) => c.key).sort());
      }),
    );
  });

  it('lets no one that came later begin before one between the same nodes', () => {
    fc.assert(
      fc.property(claims, limits, fc.infiniteStream(fc.nat()), (all, most, luck) => {
        const begun = workOff(all, most, (n) => (luck.next().value as number) % n);
        const sorted = all.toSorted(inOrder);
        for (const [i, first] of sorted.entries()) {
          for (const later of sorted.slice(i + 1)) {
            if (later.source !== first.source || later.target !== first.target) continue;
            expect(begun.indexOf(first.key)).toBeLessThan(begun.indexOf(later.key));
          }
        }
      }),
    );
  });
});
