import { describe, expect, it } from 'vitest';
import { Slots } from './slots.ts';

const never = new AbortController().signal;

describe('Slots', () => {
  it('lets no more run at once than there are slots, in the order they came', async () => {
    const slots = new Slots(2);
    const started: number[] = [];
    const releases: Array<() => void> = [];
    const runs = [0, 1, 2, 3].map((index) =>
      slots.run(never, () => {
        started.push(index);
        return new Promise<void>((resolve) => releases.push(resolve));
      }),
    );
    await Promise.resolve();
    expect(started).toEqual([0, 1]);
    releases[1]?.();
    await runs[1];
    await Promise.resolve();
    expect(started).toEqual([0, 1, 2]);
    releases[0]?.();
    releases[2]?.();
    await runs[2];
    await Promise.resolve();
    releases[3]?.();
    await Promise.all(runs);
    expect(started).toEqual([0, 1, 2, 3]);
  });

  it('frees the slot of a task that failed', async () => {
    const slots = new Slots(1);
    await expect(slots.run(never, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    await expect(slots.run(never, async () => 'ran')).resolves.toBe('ran');
  });

  it('gives up a place in the queue when asked to, and only that one', async () => {
    const slots = new Slots(1);
    let release: (() => void) | undefined;
    const holder = slots.run(never, () => new Promise<void>((resolve) => (release = resolve)));
    const waiting = new AbortController();
    const quitter = slots.run(waiting.signal, async () => 'never');
    const patient = slots.run(never, async () => 'ran');
    waiting.abort(new Error('gave up'));
    await expect(quitter).rejects.toThrow('gave up');
    release?.();
    await holder;
    await expect(patient).resolves.toBe('ran');
  });
});
