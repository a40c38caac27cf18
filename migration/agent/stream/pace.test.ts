import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedPace } from './pace.ts';

/** A sender and its clock: each step is a pause, then a piece. Returns when which bytes had been sent. */
async function send(rate: number, steps: readonly { pause: number; share: number }[]) {
  let now = 0;
  const pace = new BoundedPace(
    rate,
    () => now,
    async (ms) => {
      now += ms;
    },
  );
  const sent: { at: number; bytes: number }[] = [];
  for (const { pause, share } of steps) {
    now += pause;
    const bytes = Math.ceil(pace.portion * share);
    sent.push({ at: now, bytes });
    await pace.spend(bytes);
  }
  return sent;
}

describe('a bounded pace', () => {
  it('is never exceeded by more than a burst and a piece', async () => {
    const steps = fc.array(
      fc.record({ pause: fc.nat(500), share: fc.double({ min: 0.01, max: 1, noNaN: true }) }),
      { minLength: 1, maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1024, max: 1e9 }), steps, async (rate, given) => {
        const sent = await send(rate, given);
        for (const [from, first] of sent.entries()) {
          const span = sent.slice(from);
          const bytes = span.reduce((sum, piece) => sum + piece.bytes, 0);
          const ms = (span.at(-1)?.at ?? 0) - first.at;
          const piece = Math.max(...span.map((one) => one.bytes));
          expect(bytes).toBeLessThanOrEqual((rate / 1000) * (ms + 100) + 2 * piece + 1);
        }
      }),
    );
  });

  it('is kept up when there is always something to send', async () => {
    const sent = await send(
      1_000_000,
      Array.from({ length: 200 }, () => ({ pause: 0, share: 1 })),
    );
    const bytes = sent.slice(0, -1).reduce((sum, piece) => sum + piece.bytes, 0);
    const ms = sent.at(-1)?.at ?? 0;
    expect(bytes / ms).toBeGreaterThan(990);
  });

  it('sends small pieces when it is slow', () => {
    expect(new BoundedPace(1024).portion).toBe(1024);
    expect(new BoundedPace(10_000_000).portion).toBe(1_000_000);
  });
});
