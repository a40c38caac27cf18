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

/** Runs the engine with everything in place, on the chosen stack unless the arguments name one. */
export async function pulumi(call: Call, args: readonly string[]): Promise<number> {
  const engine = await findEngine(call.stack, call.journal);
  await prepareTools(engine);
  const all = withStack(args, call.stack);
  if (all.length > args.length) await ensureOwnStack(engine);
  return attach(engine.pulumi, all, engine.env, projectDir);
}

/** Adds --stack where the engine's command takes one and the user has not named one. */
export function withStack(args: readonly string[], stack: string): string[] {
  const [command = '', subcommand = ''] = args;
  const given = args.some((arg) => /^(-s|--stack|-h|--help)(=|$)/.test(arg));
  const takesStack =
    ON_A_STACK.includes(command) && !(command === 'stack' && NAMES_ITS_STACK.includes(subcommand));
  return takesStack && !given ? [command, ...args.slice(1), '--stack', stack] : [...args];
}
