import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withPeriodicTimers } from './periodic-timers.ts';

const number = (value: number): number[] =>
  value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...number(Math.floor(value / 0x80))];
const field = (key: number, value: number): number[] => [key * 8, ...number(value)];
const message = (key: number, bytes: number[]): number[] => [
  ...number(key * 8 + 2),
  ...number(bytes.length),
  ...bytes,
];

/** A file_entry as CRIU writes it: kind and id, then the timer. */
const timer = (left: [number, number], period: [number, number]): number[] => [
  ...field(1, 17),
  ...field(2, 300),
  ...message(12, [
    ...field(1, 300),
    ...field(2, 2),
    ...message(3, [...field(1, 0)]),
    ...field(4, 1),
    ...field(5, 4),
    ...field(6, 0),
    ...[...left, ...period].flatMap((value, index) => field(7 + index, value)),
  ]),
];

function image(...entries: number[][]): Buffer {
  const parts = entries.flatMap((entry) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(entry.length);
    return [length, Buffer.from(entry)];
  });
  return Buffer.concat([Buffer.from('MAGIC..!'), ...parts]);
}

describe('withPeriodicTimers', () => {
  it.each([
    ['seconds', [3, 0]],
    ['nanoseconds, whose number is longer', [0, 100_000_000]],
  ] as [string, [number, number]][])('gives a fired timer its period: %s', (_, period) => {
    const others = [message(3, [...field(1, 5)]), [...field(1, 2), ...message(8, field(1, 9))]];
    const [first = [], second = []] = others;
    const before = image(first, timer([0, 0], period), second);
    expect(withPeriodicTimers(before)).toEqual(image(first, timer(period, period), second));
  });

  it('leaves a timer alone that has time left, and one without a period', () => {
    const before = image(timer([0, 5], [1, 0]), timer([0, 0], [0, 0]), timer([7, 0], [0, 0]));
    expect(withPeriodicTimers(before)).toEqual(before);
  });

  it('leaves images alone that hold no timers', () => {
    const entries = fc.array(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => [...field(1, 1), ...message(3, [...bytes])]),
    );
    fc.assert(fc.property(entries, (all) => withPeriodicTimers(image(...all)).equals(image(...all))));
  });

  it('refuses an image that ends too early', () => {
    const whole = image(timer([0, 0], [1, 0]));
    fc.assert(
      fc.property(fc.integer({ min: 9, max: whole.length - 1 }), (length) => {
        expect(() => withPeriodicTimers(whole.subarray(0, length))).toThrow(/ends within|out of range/);
      }),
    );
  });
});
