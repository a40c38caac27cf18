import { EventEmitter, once } from 'node:events';
import type { Context } from '../protocol/provider.ts';

/** An operation's context for tests: keeps the messages, and can be cancelled. */
export interface TestContext extends Context {
  readonly messages: string[];
  abort(reason: Error): void;
  /** Resolves when this message has been shown. */
  message(text: string): Promise<void>;
}

export function testContext(): TestContext {
  const controller = new AbortController();
  const shown = new EventEmitter();
  const messages: string[] = [];
  return {
    messages,
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    log: (_severity, message) => {
      messages.push(message);
      shown.emit('message');
    },
    message: async (text) => {
      while (!messages.includes(text)) await once(shown, 'message');
    },
  };
}
