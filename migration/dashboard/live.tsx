import { useEffect, useMemo, useReducer, useState } from 'preact/hooks';
import type { ApiClient } from './api/client.ts';
import { type Connection, follow } from './api/follow.ts';
import { UnreachableError } from './api/problem-error.ts';
import { Lab } from './models/lab.ts';

/** While objects come in a flood the page is drawn this often, in ms. */
const DRAW_MS = 60;

/** The lab as the stream tells it, kept up to date for as long as the component stands. */
export function useLive(client: ApiClient): { lab: Lab; connection: Connection } {
  const lab = useMemo(() => new Lab(), [client]);
  const [connection, setConnection] = useState<Connection>({ state: 'connecting' });
  const [, draw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const drawSoon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        draw(undefined);
      }, DRAW_MS);
    };
    void follow(
      {
        open: (signal) => client.stream(whileOnline(signal)),
        onMessage: (message) => {
          lab.take(message, Date.now());
          drawSoon();
        },
        onConnection: setConnection,
        pause,
        now: Date.now,
      },
      stop.signal,
    );
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [client, lab]);
  return { lab, connection };
}

/** Fires with `signal`, or when the machine says that it has no network, which an open stream would notice much later. */
function whileOnline(signal: AbortSignal): AbortSignal {
  const offline = new AbortController();
  const end = () => offline.abort(new UnreachableError('this machine has no network'));
  addEventListener('offline', end, { once: true, signal });
  return AbortSignal.any([signal, offline.signal]);
}

/** Ends early when the machine says that it has a network again, or the page is looked at again. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      for (const event of EARLY) removeEventListener(event, done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    for (const event of EARLY) addEventListener(event, done);
    signal.addEventListener('abort', done);
  });
}

const EARLY = ['online', 'focus'] as const;
