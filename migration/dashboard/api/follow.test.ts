import { describe, expect, it } from 'vitest';
import type { StreamMessage } from '../../contract/rest-stream.ts';
import { type Connection, follow } from './follow.ts';
import { ProblemError } from './problem-error.ts';

const synced: StreamMessage = { kind: 'synced' };

/** Plays one attempt after another; the listener is told to stop when they are used up. */
async function play(attempts: readonly (() => AsyncIterable<StreamMessage>)[]) {
  const stop = new AbortController();
  const connections: Connection[] = [];
  const pauses: number[] = [];
  const messages: StreamMessage[] = [];
  let attempt = 0;
  await follow(
    {
      open: () => {
        const next = attempts[attempt++];
        if (next === undefined) stop.abort();
        return (next ?? ending)();
      },
      onMessage: (message) => messages.push(message),
      onConnection: (connection) => connections.push(connection),
      pause: async (ms) => {
        pauses.push(ms);
      },
      now: () => 1000,
    },
    stop.signal,
  );
  return { states: connections.map(({ state }) => state), connections, pauses, messages };
}

/** A stream whose first message is awaited for as long as `next` says. */
const stream = (next: () => Promise<IteratorResult<StreamMessage>>) => (): AsyncIterable<StreamMessage> => ({
  [Symbol.asyncIterator]: () => ({ next }),
});
const ending = stream(async () => ({ done: true, value: undefined }));
const failing = stream(() => Promise.reject(new Error('no route')));
const refusing = (status: number) =>
  stream(() => {
    const rest = { title: 'No', detail: 'not you', code: 'x', requestId: 'r' };
    return Promise.reject(new ProblemError({ type: 'about:blank', status, ...rest }));
  });
async function* telling(): AsyncIterable<StreamMessage> {
  yield synced;
}

describe('whoever listens to the stream', () => {
  it('is live once all is told, and connects again when the stream ends', async () => {
    const { states, messages } = await play([telling, telling]);
    expect(states).toEqual(['connecting', 'live', 'lost', 'live', 'lost']);
    expect(messages).toEqual([synced, synced]);
  });

  it('waits longer from failure to failure, up to a bound, and begins anew after success', async () => {
    const { pauses, connections } = await play([...Array(7).fill(failing), telling, failing]);
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 500, 1000]);
    expect(connections[1]).toEqual({ state: 'lost', why: 'no route', retryAt: 1500 });
  });

  it.each([401, 403] as const)('stops when it is refused with %d', async (status) => {
    const { connections, pauses } = await play([failing, refusing(status), telling]);
    expect(connections.at(-1)).toEqual({ state: 'refused', status, why: 'not you' });
    expect(pauses).toEqual([500]);
  });

  it('takes other problems for passing troubles', async () => {
    expect((await play([refusing(503), telling])).states).toEqual(['connecting', 'lost', 'live', 'lost']);
  });
});
