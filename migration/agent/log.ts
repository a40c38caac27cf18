import { type Logger, pino } from 'pino';

export type { Logger };

/** JSON lines on stdout, where the journal picks them up. Levels are words, times ISO 8601. */
export function createLogger(node: string): Logger {
  return pino({
    level: process.env.PODFERRY_LOG_LEVEL ?? 'info',
    base: { node },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}
