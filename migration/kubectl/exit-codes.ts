/** Exit codes of all plugins. */
export const EXIT = { ok: 0, failed: 1, usage: 2, timeout: 3, noAnswer: 4, interrupted: 130 } as const;

export const EXIT_HELP = `
Exit codes: ${EXIT.ok} done, ${EXIT.failed} refused, failed or not found (a pod runs on where it was), ${EXIT.usage} wrong usage, ${EXIT.timeout} not over
within --timeout (it goes on), ${EXIT.noAnswer} the API server refused or did not answer, ${EXIT.interrupted} interrupted (it goes on).`;
