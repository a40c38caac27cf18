import type { Journal } from './journal.ts';

/** How a command was called, and where it keeps its log. */
export interface Call {
  stack: string;
  /** Ask nothing: --yes, or no terminal to ask on. */
  yes: boolean;
  /** Whether a person watches: both ends are a terminal, and this is no CI run. */
  terminal: boolean;
  journal: Journal;
}

/** Options that every command takes, before or after its name. */
export interface GlobalOptions {
  stack?: string;
  yes?: boolean;
}
