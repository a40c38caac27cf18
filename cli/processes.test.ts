import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { descendants, parseStat, readProcesses } from './processes.ts';

describe('processes', () => {
  const rest = (parent: number) => `S ${parent} 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 777 0 0`;

  it('are read whatever their programs are called', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 15 }), fc.integer({ min: 1 }), (command, pid) => {
        expect(parseStat(`${pid} (${command}) ${rest(3)}`)).toEqual({
          pid,
          parent: 3,
          startTime: '777',
          command,
        });
      }),
    );
  });

  it('include this one', () => {
    expect(readProcesses().map(({ pid }) => pid)).toContain(process.pid);
  });

  it('know their descendants, children first', () => {
    const tree = [
      [1, 0],
      [5, 1],
      [9, 5],
      [7, 5],
      [8, 7],
      [6, 1],
    ].map(([pid = 0, parent = 0]) => ({ pid, parent, startTime: '0', command: 'x' }));
    expect(descendants(5, tree)).toEqual([9, 7, 8]);
    expect(descendants(8, tree)).toEqual([]);
  });
});
