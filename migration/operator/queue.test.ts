import { expect, it, vi } from 'vitest';
import { KeyedQueue } from './queue.ts';

const silent = () => undefined;
const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A handler whose runs the test ends by hand. */
function byHand() {
  const running: {
    key: string;
    signal: AbortSignal;
    end: (delay?: number) => void;
    fail: (e: Error) => void;
  }[] = [];
  const handle = vi.fn(
    (key: string, signal: AbortSignal) =>
      new Promise<number | undefined>((resolve, reject) => {
        running.push({ key, signal, end: resolve, fail: reject });
      }),
  );
  return { running, handle };
}

it('handles one key once at a time and makes one of what came meanwhile; other keys do not wait', async () => {
  const { running, handle } = byHand();
  const queue = new KeyedQueue({ handle, onError: silent });
  queue.add('a');
  queue.add('a');
  queue.add('a');
  queue.add('b');
  expect(running.map((r) => r.key)).toEqual(['a', 'b']);
  running[0]?.end();
  await tick();
  expect(running.map((r) => r.key)).toEqual(['a', 'b', 'a']);
  running[2]?.end();
  await tick();
  expect(handle).toHaveBeenCalledTimes(3);
});

it('handles a key again after the delay it asked for, sooner when asked', async () => {
  const { running, handle } = byHand();
  const queue = new KeyedQueue({ handle, onError: silent });
  queue.add('a');
  running[0]?.end(1);
  await vi.waitFor(() => expect(running).toHaveLength(2));
  running[1]?.end(3_600_000);
  await tick();
  queue.add('a');
  await vi.waitFor(() => expect(running).toHaveLength(3));
});

it('tries again after a failure, counting attempts until one works', async () => {
  const failures: number[] = [];
  const outcomes = [new Error('one'), new Error('two'), undefined, new Error('three'), undefined];
  const handle = async () => {
    const outcome = outcomes.shift();
    if (outcome) throw outcome;
    return outcomes.length > 0 ? 1 : undefined;
  };
  const queue = new KeyedQueue({ handle, onError: (_, __, n) => failures.push(n), firstRetryMs: 1 });
  queue.add('a');
  await vi.waitFor(() => expect(outcomes).toHaveLength(0));
  expect(failures).toEqual([1, 2, 1]);
});

it('interrupts what is being done for a key and does it anew, without calling that a failure', async () => {
  const { running, handle } = byHand();
  const onError = vi.fn();
  const queue = new KeyedQueue({ handle, onError });
  queue.add('a');
  queue.interrupt('a');
  expect(running[0]?.signal.aborted).toBe(true);
  running[0]?.fail(new Error('aborted'));
  await vi.waitFor(() => expect(running).toHaveLength(2));
  expect(running[1]?.signal.aborted).toBe(false);
  expect(onError).not.toHaveBeenCalled();
});

it('stops: ends work and delays, waits for them, and takes nothing more', async () => {
  const { running, handle } = byHand();
  const queue = new KeyedQueue({ handle, onError: silent });
  queue.add('busy');
  queue.add('waiting');
  running[1]?.end(3_600_000);
  await tick();
  const stopped = queue.stop();
  running[0]?.fail(new Error('aborted'));
  await stopped;
  queue.add('late');
  expect(handle).toHaveBeenCalledTimes(2);
});
