import { expect, it } from 'vitest';
import { ago, bytes, count, milliseconds } from './readable.ts';

it.each([
  [0, '0 ms'],
  [4.24, '4.2 ms'],
  [180.4, '180 ms'],
  [12_340, '12,340 ms'],
])('shows %d ms in ms', (ms, text) => expect(milliseconds(ms)).toBe(text));

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [5_033_164, '4.8 MiB'],
  [2 ** 60, '1048576.0 TiB'],
])('shows %d bytes', (number, text) => expect(bytes(number)).toBe(text));

it.each([
  [-5000, 'just now'],
  [12_000, '12 s ago'],
  [59_999, '59 s ago'],
  [60_000, '1 min ago'],
  [3 * 3_600_000, '3 h ago'],
  [50 * 3_600_000, '2 d ago'],
])('says of what was %d ms ago', (passed, text) => expect(ago(0, passed)).toBe(text));

it('counts', () =>
  expect([count(0, 'pod'), count(1, 'pod'), count(2, 'pod')]).toEqual(['0 pods', '1 pod', '2 pods']));
