import { describe, expect, it } from 'vitest';
import { globPattern } from './glob.ts';

describe('globPattern', () => {
  it.each([
    ['*.txt', 'a.txt', true],
    ['*.txt', 'a/b.txt', false],
    ['**.txt', 'a/b.txt', true],
    ['a/**', 'a/b/c', true],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[]]', ']', true],
    ['{a,b*}.js', 'bcd.js', true],
    ['{a,b}.js', 'c.js', false],
    ['a,b', 'a,b', true],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['a.b+(c)', 'a.b+(c)', true],
    ['a.b', 'axb', false],
  ])('%s and %s: %s', (glob, path, matches) => {
    expect(globPattern(glob).test(path)).toBe(matches);
  });

  it('refuses what is not closed', () => {
    expect(() => globPattern('[ab')).toThrow('is not closed');
    expect(() => globPattern('{ab')).toThrow('are not closed');
  });
});
