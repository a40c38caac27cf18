import type { StreamMessage } from '../../contract/rest-stream.ts';
import { messageOf, ProblemError } from './problem-error.ts';

export type Connection =
  | { state: 'connecting' }
  | { state: 'live' }
  /** `retryAt`: when it is tried again, by our clock, in ms since the epoch. */
  | { state: 'lost'; why: string; retryAt: number }
  /** The server will not say more to this token. */
  | { state: 'refused'; status: 401 | 403; why: string };

export interface Follower {
  open: (signal: AbortSignal) => AsyncIterable<StreamMessage>;
  onMessage: (message: StreamMessage) => void;
  onConnection: (connection: Connection) => void;
  /** Resolves after that many ms, or as soon as somebody wants it tried again at once. */
  pause: (ms: number, signal: AbortSignal) => Promise<void>;
  now: () => number;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** Listens, and connects again whenever the stream is lost, until `signal` fires or the server refuses. */
export async function follow(follower: Follower, signal: AbortSignal): Promise<void> {
  const { open, onMessage, onConnection, pause, now } = follower;
  let pauseMs = FIRST_PAUSE_MS;
  onConnection({ state: 'connecting' });
  while (!signal.aborted) {
    let why = 'the server ended the stream';
    try {
      for await (const message of open(signal)) {
        onMessage(message);
        if (message.kind !== 'synced') continue;
        onConnection({ state: 'live' });
        pauseMs = FIRST_PAUSE_MS;
      }
    } catch (error) {
      const refused = refusal(error);
      if (refused !== undefined) {
        onConnection(refused);
        return;
      }
      why = messageOf(error);
    }
    if (signal.aborted) return;
    onConnection({ state: 'lost', why, retryAt: now() + pauseMs });
    await pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

function refusal(error: unknown): Connection | undefined {
  if (!(error instanceof ProblemError)) return undefined;
  const { status, message } = error;
  return status === 401 || status === 403 ? { state: 'refused', status, why: message } : undefined;
}
