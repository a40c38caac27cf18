import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Introduction } from './remote-process.ts';

/** Feeds a text in pieces cut at the given places, and returns what comes out. */
function feed(introduction: Introduction, text: string, cuts: number[]): string {
  const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
  const pieces = places.slice(1).map((end, index) => Buffer.from(text.slice(places[index], end)));
  const out = pieces.map((piece) => introduction.strip(piece));
  return Buffer.concat([...out, introduction.rest()]).toString();
}

const ascii = fc.string({ unit: 'grapheme-ascii' });

describe('Introduction', () => {
  it('is taken off however the output is cut into pieces', () => {
    fc.assert(
      fc.property(ascii, fc.array(fc.nat()), fc.integer({ min: 1 }), (text, cuts, session) => {
        const introduction = new Introduction();
        expect(feed(introduction, `podferry-session ${session}\n${text}`, cuts)).toBe(text);
        expect(introduction.session).toBe(session);
      }),
    );
  });

  it('leaves the output of a shell that does not introduce itself alone', () => {
    fc.assert(
      fc.property(ascii, fc.array(fc.nat()), (text, cuts) => {
        const introduction = new Introduction();
        expect(feed(introduction, text, cuts)).toBe(text);
        expect(introduction.session).toBeUndefined();
      }),
    );
  });
});
