import { createHash } from 'node:crypto';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Where podferry keeps what belongs to a checkout and to a user. Only names are made here: nothing is read, written or
 * created, so that every room may import this file.
 */

/** The checkout: the folder that holds Pulumi.yaml and the launcher. */
export const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));

/** The stack that a command means when neither --stack nor PODFERRY_STACK says otherwise. */
export const defaultStack = 'lab';

/** Everything a lab keeps beside the checkout; ignored by git. */
export const stateDir = join(projectDir, '.podferry');

/** Programs put in front of PATH: engine, provider plugins, kubectl and its plugins. */
export const binDir = join(stateDir, 'bin');

/** PULUMI_HOME of the engine when the user has none of their own. */
export const pulumiHome = join(stateDir, 'pulumi-home');

/** The engine's file backend. */
export const backendDir = join(stateDir, 'state');

/** Passphrase of the file backend's secrets; mode 0600. */
export const passphraseFile = join(stateDir, 'passphrase');

/** One file for each run of a command. */
export const logsDir = join(stateDir, 'logs');

/** Tells this checkout from others on the machine. */
const checkout = createHash('sha256').update(projectDir).digest('hex').slice(0, 8);

/** Files of one stack. */
export interface StackPaths {
  /** Removed with the stack. */
  dir: string;
  sshDir: string;
  sshKey: string;
  knownHosts: string;
  kubeconfig: string;
  /** The stack's outputs, secrets included, for tests that are told its name. */
  outputs: string;
  /**
   * TMPDIR of the engine and all that it starts, so that what they leave when they are killed can be found. Short, as
   * sockets may be made in it; the checkout's own, as stacks of two checkouts may have one name.
   */
  temporary: string;
  /** The stack's configuration, written by the user or by `pulumi config set`. */
  config: string;
}

export function stackPaths(stack: string): StackPaths {
  const dir = join(stateDir, stack);
  const sshDir = join(dir, 'ssh');
  return {
    dir,
    sshDir,
    sshKey: join(sshDir, 'id_ed25519'),
    knownHosts: join(sshDir, 'known_hosts'),
    kubeconfig: join(dir, 'kubeconfig'),
    outputs: join(dir, 'outputs.json'),
    temporary: join(tmpdir(), `podferry-${stack}-${checkout}`),
    config: join(projectDir, `Pulumi.${stack}.yaml`),
  };
}

/**
 * The user's cache folder for podferry.
 * Source: XDG Base Directory Specification (relative values of XDG_CACHE_HOME are to be ignored).
 */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME;
  return join(base?.startsWith('/') ? base : join(homedir(), '.cache'), 'podferry');
}
