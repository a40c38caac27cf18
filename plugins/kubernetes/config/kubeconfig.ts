import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Credentials } from '../api/connection.ts';
import { execAuthorization, execSchema } from './exec-credential.ts';

/** A kubeconfig as far as it is used (https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/). */
const kubeconfigSchema = z.looseObject({
  'current-context': z.string().optional(),
  clusters: z
    .array(
      z.looseObject({
        name: z.string(),
        cluster: z.looseObject({
          server: z.url({ protocol: /^https?$/ }),
          'certificate-authority': z.string().optional(),
          'certificate-authority-data': z.string().optional(),
          'insecure-skip-tls-verify': z.boolean().optional(),
          'tls-server-name': z.string().optional(),
          'proxy-url': z.string().optional(),
        }),
      }),
    )
    .nullish(),
  contexts: z
    .array(
      z.looseObject({
        name: z.string(),
        context: z.looseObject({
          cluster: z.string(),
          user: z.string().optional(),
          namespace: z.string().optional(),
        }),
      }),
    )
    .nullish(),
  users: z
    .array(
      z.looseObject({
        name: z.string(),
        user: z
          .looseObject({
            'client-certificate': z.string().optional(),
            'client-certificate-data': z.string().optional(),
            'client-key': z.string().optional(),
            'client-key-data': z.string().optional(),
            token: z.string().optional(),
            tokenFile: z.string().optional(),
            username: z.string().optional(),
            password: z.string().optional(),
            exec: execSchema.optional(),
            'auth-provider': z.unknown().optional(),
          })
          .nullish(),
      }),
    )
    .nullish(),
});

/** A parsed kubeconfig and the folder its relative paths start from. */
export interface Kubeconfig {
  readonly content: z.output<typeof kubeconfigSchema>;
  readonly folder: string;
}

/** What the provider's arguments `context` and `cluster` say over the file. */
export interface Selection {
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
}

/** Cluster, user and namespace that are in use. */
export interface ActiveContext {
  readonly credentials: Credentials;
  readonly namespace: string | undefined;
}

/**
 * Parses a kubeconfig given as text or as the path of a file (`~/` is the home folder).
 *
 * @throws Error that names the field that is wrong; the content itself, which holds secrets, is not repeated.
 */
export function parseKubeconfig(pathOrContent: string): Kubeconfig {
  const path = pathOrContent.replace(/^~(?=$|\/)/, homedir());
  const isFile = !path.includes('\n') && path.length < 4096 && existsSync(path);
  const text = isFile ? readFileSync(path, 'utf8') : pathOrContent;
  const where = isFile ? path : 'kubeconfig';
  let document: unknown;
  try {
    document = parse(text);
  } catch {
    throw new Error(`${where} is neither YAML nor JSON`);
  }
  if (typeof document !== 'object' || document === null) {
    throw new Error(
      isFile ? `${where} is no kubeconfig` : 'kubeconfig is neither a readable file nor the text of one',
    );
  }
  const checked = kubeconfigSchema.safeParse(document);
  if (!checked.success) throw new Error(`${where}: ${z.prettifyError(checked.error)}`);
  return { content: checked.data, folder: isFile ? dirname(resolve(path)) : process.cwd() };
}

/** The kubeconfig kubectl would use: the first existing file of `KUBECONFIG`, else `~/.kube/config`. */
export function ambientKubeconfig(): Kubeconfig {
  const candidates = (process.env.KUBECONFIG ?? '').split(':').filter((path) => path !== '');
  const path = [...candidates, join(homedir(), '.kube', 'config')].find((candidate) => existsSync(candidate));
  if (path === undefined)
    throw new Error('no kubeconfig given, and neither KUBECONFIG nor ~/.kube/config names one');
  return parseKubeconfig(path);
}

/** The cluster entry in use, to tell whether two configurations mean the same cluster; undefined when there is none. */
export function activeCluster(config: Kubeconfig, selection: Selection): Record<string, unknown> | undefined {
  const context = contextOf(config, selection);
  const name = selection.cluster ?? context?.cluster;
  return config.content.clusters?.find((entry) => entry.name === name)?.cluster;
}

/**
 * Resolves the context in use to what a connection needs; files that it names are read now.
 *
 * @throws Error naming the context, cluster, user or file that is missing or not supported.
 */
export function activeContext(config: Kubeconfig, selection: Selection): ActiveContext {
  const name = selection.context ?? config.content['current-context'] ?? '';
  const context = contextOf(config, selection);
  if (context === undefined) throw new Error(`kubeconfig has no context "${name}"`);
  const clusterName = selection.cluster ?? context.cluster;
  const cluster = config.content.clusters?.find((entry) => entry.name === clusterName)?.cluster;
  if (cluster === undefined) throw new Error(`kubeconfig has no cluster "${clusterName}"`);
  if (cluster['proxy-url'] !== undefined) throw new Error('kubeconfig: proxy-url is not supported');
  const user = config.content.users?.find((entry) => entry.name === context.user)?.user ?? {};
  if (user['auth-provider'] !== undefined)
    throw new Error('kubeconfig: auth-provider is not supported (use exec)');
  const text = (data: string | undefined, file: string | undefined) => dataOrFile(config, data, file);
  return {
    namespace: context.namespace,
    credentials: {
      server: new URL(cluster.server),
      ...given('ca', text(cluster['certificate-authority-data'], cluster['certificate-authority'])),
      ...given('clientCertificate', text(user['client-certificate-data'], user['client-certificate'])),
      ...given('clientKey', text(user['client-key-data'], user['client-key'])),
      ...given('insecureSkipTlsVerify', cluster['insecure-skip-tls-verify']),
      ...given('tlsServerName', cluster['tls-server-name']),
      ...given('authorization', authorizationOf(config, user)),
    },
  };
}

function contextOf(config: Kubeconfig, selection: Selection) {
  const name = selection.context ?? config.content['current-context'];
  return config.content.contexts?.find((entry) => entry.name === name)?.context;
}

type User = NonNullable<NonNullable<Kubeconfig['content']['users']>[number]['user']>;

function authorizationOf(config: Kubeconfig, user: User): Credentials['authorization'] {
  const { token, tokenFile, username, password, exec } = user;
  if (token !== undefined) return async () => `Bearer ${token}`;
  if (tokenFile !== undefined) {
    // Read each time: projected tokens are renewed in place.
    return async () => `Bearer ${readFileSync(absolute(config, tokenFile), 'utf8').trim()}`;
  }
  if (username !== undefined) {
    const basic = Buffer.from(`${username}:${password ?? ''}`).toString('base64');
    return async () => `Basic ${basic}`;
  }
  return exec === undefined ? undefined : execAuthorization(exec, config.folder);
}

function dataOrFile(
  config: Kubeconfig,
  data: string | undefined,
  file: string | undefined,
): string | undefined {
  if (data !== undefined && data !== '') return Buffer.from(data, 'base64').toString('utf8');
  return file === undefined || file === '' ? undefined : readFileSync(absolute(config, file), 'utf8');
}

function absolute(config: Kubeconfig, path: string): string {
  return isAbsolute(path) ? path : join(config.folder, path);
}

function given<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]?: Value });
}
