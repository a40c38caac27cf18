import { attach } from '../attach.ts';
import type { Call } from '../context.ts';
import { findEngine } from '../engine/engine.ts';
import { projectDir } from '../paths.ts';
import { ensureOwnStack, prepareTools } from '../prepare.ts';

/** Commands of the engine that work on a stack and take --stack. */
const ON_A_STACK = [
  'cancel',
  'config',
  'console',
  'destroy',
  'env',
  'import',
  'logs',
  'preview',
  'refresh',
  'stack',
  'state',
  'up',
  'update',
  'watch',
];

/** Of `pulumi stack …`, those that take a stack as their argument, or none. */
const NAMES_ITS_STACK = ['init', 'ls', 'rename', 'rm', 'select', 'unselect'];

/** What a user may want to do with a stack before it has ever been up. */
const BEFORE_THE_FIRST_UP = ['config', 'preview', 'up', 'update'];

/** Runs the engine with everything in place, on the chosen stack unless the arguments name one. */
export async function pulumi(call: Call, args: readonly string[]): Promise<number> {
  const engine = await findEngine(namedStack(args) ?? call.stack, call.journal);
  await prepareTools(engine);
  if (BEFORE_THE_FIRST_UP.includes(args[0] ?? '')) await ensureOwnStack(engine);
  const all = withStack(args, call.stack);
  return attach(engine.pulumi, all, engine.env, projectDir);
}

/** The stack that the arguments name, if they name one. */
export function namedStack(args: readonly string[]): string | undefined {
  const at = args.findIndex((arg) => /^(-s|--stack)(=|$)/.test(arg));
  return at < 0 ? undefined : (args[at]?.split('=', 2)[1] ?? args[at + 1]);
}

/** Adds --stack where the engine's command takes one and the user has not named one. */
export function withStack(args: readonly string[], stack: string): string[] {
  const [command = '', subcommand = ''] = args;
  const given = namedStack(args) !== undefined || args.some((arg) => arg === '-h' || arg === '--help');
  const takesStack =
    ON_A_STACK.includes(command) && !(command === 'stack' && NAMES_ITS_STACK.includes(subcommand));
  return takesStack && !given ? [command, ...args.slice(1), '--stack', stack] : [...args];
}
