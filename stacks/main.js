import * as pulumi from '@pulumi/pulumi';
import { register } from 'tsx/esm/api';

/**
 * What the engine starts. Language hosts differ in how, and whether, they can be told to load TypeScript; so the
 * program sees to it itself.
 */
register();

/** Errors whose message says all: where in the program they were noticed is of no use to anybody. */
const EXPECTED = ['ConfigError', 'ToolchainNotBuilt'];

/**
 * The SDK prints an error's stack with `util.inspect`, which on lines with `node_modules` builds strings until memory
 * runs out and takes half a minute over it (https://github.com/pulumi/pulumi/issues/20567): they are left out.
 */
function printable(error) {
  const stack = String(error?.stack ?? error).split('\n');
  const own = stack.filter((line) => !line.includes('node_modules')).join('\n');
  const told = new pulumi.RunError(EXPECTED.includes(error?.name) ? error.message : own);
  told.stack = told.message;
  return told;
}

/** The stack: resolves to its outputs. */
export default async () => {
  try {
    return await (await import('./index.ts')).default();
  } catch (error) {
    throw printable(error);
  }
};
