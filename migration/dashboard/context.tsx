import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { Session } from '../contract/rest-views.ts';
import type { ApiClient } from './api/client.ts';
import type { Connection } from './api/follow.ts';
import type { Lab } from './models/lab.ts';

/** What every page of a signed-in user works with. */
export interface Signed {
  client: ApiClient;
  session: Session;
  lab: Lab;
  connection: Connection;
  /** Says something to those who listen instead of looking. */
  announce: (text: string) => void;
}

const context = createContext<Signed | undefined>(undefined);

export const SignedProvider = context.Provider;

export function useSigned(): Signed {
  const signed = useContext(context);
  if (signed === undefined) throw new Error('used outside of SignedProvider');
  return signed;
}

/** The server's time in ms since the epoch, anew every `everyMs`. */
export function useNow(everyMs: number): number {
  const { lab } = useSigned();
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now + lab.clockAhead;
}
