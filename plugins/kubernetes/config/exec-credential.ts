import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';

/** A kubeconfig's credential plugin (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins). */
export const execSchema = z.looseObject({
  apiVersion: z.string(),
  command: z.string(),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
});

const credentialSchema = z.looseObject({
  status: z.looseObject({
    token: z.string(),
    expirationTimestamp: z.iso.datetime({ offset: true }).optional(),
  }),
});

/** Longest a credential plugin may take, ms. */
const execMs = 60_000;
/** A token is renewed this long before it expires, ms. */
const marginMs = 30_000;

/** Authorization by the token a credential plugin prints; asked again when it expires or the server refuses it. */
export function execAuthorization(exec: z.output<typeof execSchema>, folder: string) {
  let current: { header: string; until: number } | undefined;
  return async (renew: boolean): Promise<string> => {
    if (!renew && current !== undefined && Date.now() < current.until) return current.header;
    const { token, expirationTimestamp } = await run(exec, folder);
    const until =
      expirationTimestamp === undefined
        ? Number.POSITIVE_INFINITY
        : Date.parse(expirationTimestamp) - marginMs;
    current = { header: `Bearer ${token}`, until };
    return current.header;
  };
}

async function run(exec: z.output<typeof execSchema>, folder: string) {
  const request = { kind: 'ExecCredential', apiVersion: exec.apiVersion, spec: { interactive: false } };
  const extra = Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value]));
  const env = { ...process.env, ...extra, KUBERNETES_EXEC_INFO: JSON.stringify(request) };
  try {
    const { stdout } = await promisify(execFile)(exec.command, exec.args ?? [], {
      env,
      cwd: folder,
      timeout: execMs,
    });
    return credentialSchema.parse(JSON.parse(stdout)).status;
  } catch (cause) {
    throw new Error(
      `kubeconfig: the credential plugin ${exec.command} gave no token (client certificates from plugins are not supported)`,
      {
        cause,
      },
    );
  }
}
