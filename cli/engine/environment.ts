import { delimiter } from 'node:path';
import { pathToFileURL } from 'node:url';
import { quote } from '../../node-setup/shell/quote.ts';
import { backendDir, binDir, passphraseFile, pulumiHome, stackPaths } from '../paths.ts';

/** What decides where the state lives. */
export interface BackendFacts {
  env: NodeJS.ProcessEnv;
  /** `current` of the credentials file in the user's PULUMI_HOME (~/.pulumi), when they ran `pulumi login`. */
  loggedInTo: string | undefined;
}

/**
 * URL of the file backend beside the checkout. Without `metadata=skip` the backend keeps a `.attrs` file beside every
 * file of the state and writes it in place: an engine that is killed at that moment leaves one that nobody can read,
 * and every later command fails with `failed to load checkpoint: EOF` (gocloud.dev/blob/fileblob, setAttrs). The state
 * itself is written beside its place and renamed.
 */
export const ownBackendUrl = `${pathToFileURL(backendDir).href}?metadata=skip`;

/**
 * A user who has logged in elsewhere (PULUMI_BACKEND_URL, an access token, or `pulumi login`) keeps that backend,
 * home and secrets provider. Our own values, as `podferry env` prints them, do not count as elsewhere.
 */
export function usesOwnBackend({ env, loggedInTo }: BackendFacts): boolean {
  if (env.PULUMI_BACKEND_URL) return env.PULUMI_BACKEND_URL === ownBackendUrl;
  if (env.PULUMI_ACCESS_TOKEN) return false;
  return loggedInTo === undefined || loggedInTo === '';
}

/** Changes to the environment; undefined takes a variable away. */
export type EnvironmentChange = Record<string, string | undefined>;

/** What engine, kubectl and smoke tests need in their environment to work on `stack`. */
export function stackEnvironment(stack: string, backend: BackendFacts): EnvironmentChange {
  const path = (backend.env.PATH ?? '').split(delimiter).filter((dir) => dir !== binDir);
  const change: EnvironmentChange = {
    PATH: [binDir, ...path].join(delimiter),
    PODFERRY_STACK: stack,
    KUBECONFIG: stackPaths(stack).kubeconfig,
    PULUMI_SKIP_UPDATE_CHECK: '1',
    // Nothing is fetched behind the user's back in the middle of an update: what is missing is seen to before.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: '1',
  };
  if (!usesOwnBackend(backend)) return change;
  return {
    ...change,
    PULUMI_BACKEND_URL: ownBackendUrl,
    PULUMI_HOME: pulumiHome,
    // A passphrase that the user has set for another project would win over the file.
    PULUMI_CONFIG_PASSPHRASE: undefined,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile,
  };
}

export function applyChange(env: NodeJS.ProcessEnv, change: EnvironmentChange): NodeJS.ProcessEnv {
  const result = { ...env };
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) delete result[name];
    else result[name] = value;
  }
  return result;
}

/** The change as shell lines that `eval` understands, single-quoted. */
export function shellExports(change: EnvironmentChange): string {
  return Object.entries(change)
    .map(([name, value]) => (value === undefined ? `unset ${name}` : `export ${name}=${quote(value)}`))
    .join('\n');
}
