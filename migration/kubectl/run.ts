import type { Command } from 'commander';
import { completion, isCompletion } from './completion/answer.ts';
import { normalised } from './options.ts';

/** Runs a plugin on this process's command line, or completes that. */
export async function runPlugin(command: Command): Promise<void> {
  const [, program = '', ...words] = process.argv;
  if (isCompletion(program)) process.stdout.write(await completion(command, words));
  else await command.parseAsync(normalised(words), { from: 'user' });
}
