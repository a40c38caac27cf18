import type { Gvk } from './kube-object.ts';

/** What a type token asks for, or why it is refused. */
export type Token = { ok: true; gvk: Gvk } | { ok: false; reason: string };

const packageName = 'kubernetes';

/**
 * Reads a type token, `kubernetes:<group>/<version>:<Kind>` (the core group is written `core`). Components
 * (Helm, YAML, Kustomize) and lists are refused with the reason. Patch resources cannot be told from a kind
 * that is really named `…Patch` by the token alone: see {@link isPatch}.
 */
export function parseToken(token: string): Token {
  const [pkg, module, kind, ...rest] = token.split(':');
  if (pkg !== packageName || module === undefined || !kind || rest.length > 0) {
    return { ok: false, reason: `${token} is no resource type of the package ${packageName}` };
  }
  const component = /^(helm\.sh|helm|yaml|kustomize)(\/|$)/.exec(module)?.[1];
  if (component !== undefined) {
    return {
      ok: false,
      reason: `${token}: ${component} components need the official kubernetes provider plugin; this stand-in serves plain Kubernetes resources only`,
    };
  }
  const parts = module.split('/');
  const [group, version] = parts;
  if (parts.length !== 2 || !group || !version) {
    return { ok: false, reason: `${token}: expected <group>/<version>, got "${module}"` };
  }
  return { ok: true, gvk: { group: group === 'core' ? '' : group, version, kind } };
}

/** True when the token is the Patch resource of the kind in the inputs: the SDK gives `DeploymentPatch` the kind `Deployment`. */
export function isPatch(tokenKind: string, inputKind: string): boolean {
  return tokenKind === `${inputKind}Patch`;
}
