import { describe, expect, it } from 'vitest';
import { room, storeRoom } from './room.ts';

const MIB = 2 ** 20;

it.each([
  [5, 10, 'passed'],
  [10, 10, 'passed'],
  [11, 10, 'failed'],
])('%i MiB into %i MiB: %s', (needed, free, status) => {
  expect(room('/run', needed * MIB, free * MIB)).toMatchObject({ status });
});

it('says what is missing where', () => {
  expect(room('/run', 2.5 * MIB, 1.5 * MIB).message).toBe('/run has 1 MiB free, 3 MiB are needed');
});

describe('the store', () => {
  const storeWith = (freeBytes: () => Promise<number>) => ({ freeBytes });

  it('is not asked by a transport that does without it', async () => {
    const unasked = storeWith(async () => {
      throw new Error('asked');
    });
    expect(await storeRoom(unasked, 'stream', 1)).toMatchObject({ status: 'skipped' });
  });

  it('is refused when it is full, and when it fails, with its reason', async () => {
    expect(
      await storeRoom(
        storeWith(async () => MIB),
        'store',
        MIB,
      ),
    ).toMatchObject({ status: 'passed' });
    expect(
      await storeRoom(
        storeWith(async () => 0),
        'store',
        MIB,
      ),
    ).toMatchObject({ status: 'failed' });
    const gone = storeWith(async () => {
      throw new Error('connection refused');
    });
    expect(await storeRoom(gone, 'store', 0)).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('connection refused'),
    });
  });
});
