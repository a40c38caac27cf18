import { join } from 'node:path';
import { projectDir } from '../../cli/paths.ts';
import { capture } from '../../cli/programs.ts';
import { type StackOutputs, stackOutputs } from '../../migration/contract/stack-outputs.ts';

/** Longest time for one command of a test, in seconds. */
const COMMAND_SECONDS = 240;

const launcher = join(projectDir, 'podferry');

/** What a command said on both streams, and how it ended. */
export interface Ended {
  code: number;
  text: string;
}

/** Runs `./podferry` as a user without a terminal does. Never throws because of the exit code. */
export async function podferry(args: readonly string[], timeoutSeconds = COMMAND_SECONDS): Promise<Ended> {
  const { code, stdout, stderr } = await capture(launcher, args, { timeoutSeconds });
  return { code, text: stderr + stdout };
}

/** Like `podferry`. @throws Error with all that it said, when it fails */
export async function mustPodferry(args: readonly string[], timeoutSeconds?: number): Promise<string> {
  const { code, text } = await podferry(args, timeoutSeconds);
  if (code !== 0) throw new Error(`podferry ${args.join(' ')} ended with exit code ${code}\n${text}`);
  return text;
}

/** The outputs of a stack, secrets included. */
export async function outputsOf(stack: string): Promise<StackOutputs> {
  const args = ['pulumi', 'stack', 'output', '--json', '--show-secrets', '--stack', stack];
  const { code, stdout, stderr } = await capture(launcher, args, { timeoutSeconds: COMMAND_SECONDS });
  if (code !== 0) throw new Error(`stack ${stack} has no outputs: ${stderr}`);
  return stackOutputs.parse(JSON.parse(stdout));
}

/** What the engine did to each resource, by name, as its lines tell: `created`, `updated`, `deleted`, … */
export function changesIn(text: string): Map<string, string> {
  const line = /^ [ +~-]{2} +\S+ (\S+) (created|updated|deleted|replaced|refreshed)(?: original)? \(/;
  return new Map(
    text.split('\n').flatMap((shown) => {
      const match = line.exec(shown);
      return match === null ? [] : [[match[1] as string, match[2] as string] as const];
    }),
  );
}
