import { z } from 'zod';
import type { CheckFailure } from '../../protocol/provider.ts';
import { isMap, type PropertyMap, Unknown, unwrap, withoutSecrets } from '../../protocol/values.ts';

/** The engine hands booleans of a provider's configuration over as JSON texts. */
const flag = z.preprocess(
  (value) => (value === 'true' ? true : value === 'false' ? false : value),
  z.boolean(),
);
const text = z.string().transform((value) => (value === '' ? undefined : value));

const settingsSchema = z.object({
  kubeconfig: text.optional(),
  context: text.optional(),
  cluster: text.optional(),
  namespace: text.optional(),
  clusterIdentifier: text.optional(),
  enableServerSideApply: flag.optional(),
  enablePatchForce: flag.optional(),
  enableConfigMapMutable: flag.optional(),
  enableSecretMutable: flag.optional(),
  upsertExistingObjects: flag.optional(),
  deleteUnreachable: flag.optional(),
  skipUpdateUnreachable: flag.optional(),
  suppressDeprecationWarnings: flag.optional(),
  suppressHelmHookWarnings: flag.optional(),
  // Client-side rate limits are not needed here: requests are few, and the server throttles by itself.
  kubeClientSettings: z.unknown().optional(),
});

/** Arguments of the provider resource that change its behaviour; names and defaults are the official provider's. */
export type Settings = z.output<typeof settingsSchema>;

const refused: Readonly<Record<string, string>> = {
  renderYamlToDirectory: 'rendering YAML instead of talking to a cluster',
  alwaysRender: 'rendering YAML instead of talking to a cluster',
  helmReleaseSettings: 'Helm',
};

/** Environment variables that stand in for arguments that are not given. */
const fromEnvironment: Readonly<Record<string, string>> = {
  deleteUnreachable: 'PULUMI_K8S_DELETE_UNREACHABLE',
  skipUpdateUnreachable: 'PULUMI_K8S_SKIP_UPDATE_UNREACHABLE',
  enableServerSideApply: 'PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY',
  enablePatchForce: 'PULUMI_K8S_ENABLE_PATCH_FORCE',
  enableConfigMapMutable: 'PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE',
  enableSecretMutable: 'PULUMI_K8S_ENABLE_SECRET_MUTABLE',
  upsertExistingObjects: 'PULUMI_K8S_UPSERT_EXISTING_OBJECTS',
  suppressDeprecationWarnings: 'PULUMI_K8S_SUPPRESS_DEPRECATION_WARNINGS',
};

/** What is wrong with the arguments, one entry per argument; values that are not known yet count as right. */
export function checkSettings(args: PropertyMap): CheckFailure[] {
  const known = knownArguments(args);
  const failures: CheckFailure[] = [];
  for (const [property, what] of Object.entries(refused)) {
    const value = known[property];
    if (value !== undefined && value !== '' && value !== 'false' && value !== 'null' && value !== false) {
      failures.push({ property, reason: `${what} needs the official kubernetes provider plugin` });
    }
  }
  const checked = settingsSchema.safeParse(known);
  for (const issue of checked.error?.issues ?? []) {
    failures.push({ property: issue.path.join('.'), reason: issue.message });
  }
  if (checked.data?.enableServerSideApply === false) {
    failures.push({
      property: 'enableServerSideApply',
      reason:
        'client-side apply needs the official kubernetes provider plugin: leave this out, or set it to true',
    });
  }
  return failures;
}

/**
 * The settings in effect: arguments over environment variables.
 *
 * @throws Error naming the argument that is wrong.
 */
export function parseSettings(args: PropertyMap): Settings {
  const known = knownArguments(args);
  for (const [property, variable] of Object.entries(fromEnvironment)) {
    const value = process.env[variable];
    if (known[property] === undefined && value !== undefined && value !== '')
      known[property] = value === 'true';
  }
  const failure = checkSettings(args)[0];
  if (failure !== undefined) throw new Error(`kubernetes provider: ${failure.property}: ${failure.reason}`);
  return settingsSchema.parse(known);
}

/** True when an argument that decides which cluster is meant is not known yet (a preview). */
export function isClusterUnknown(args: PropertyMap): boolean {
  return ['kubeconfig', 'context', 'cluster'].some((key) => unwrap(args[key]) instanceof Unknown);
}

function knownArguments(args: PropertyMap): Record<string, unknown> {
  const known: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(args)) {
    const bare = value === undefined ? undefined : withoutSecrets(value);
    if (bare === undefined || bare === null || bare instanceof Unknown) continue;
    // A kubeconfig may be given as an object; the SDKs' types say text, the official provider takes both.
    known[key] = key === 'kubeconfig' && isMap(bare) ? JSON.stringify(bare) : bare;
  }
  return known;
}
