import { z } from 'zod';
import { sampleNames } from '../apps/samples.ts';

/**
 * The stack's configuration: one schema from which the program reads its settings, the error messages name what is
 * allowed, and the README's reference is made by config-reference.ts, and kept true by a test.
 */

const nodeName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?$/, 'a host name: lower-case letters, digits and "-"');

const COUNT = 'a count from 1 to 20';

const ipv4Cidr = z.cidrv4('an IPv4 network such as 10.99.0.0/24');
const ipv6Cidr = z.cidrv6('an IPv6 network such as fd00:10:99::/64');

/** An IPv6 network of a size that kubeadm takes (kubernetes: cmd/kubeadm/app/apis/kubeadm/validation, ValidateNetworking). */
const ipv6CidrBetween = (shortest: number, longest: number) =>
  ipv6Cidr.refine((text) => {
    const prefix = Number(text.split('/')[1]);
    return prefix >= shortest && prefix <= longest;
  }, `an IPv6 network with a prefix from /${shortest} to /${longest}`);

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in 64 lower-case hex digits');

const siteBinary = z
  .strictObject({
    url: z
      .url({ protocol: /^(https|file)$/, error: 'an https:// or file:// URL' })
      .describe('where to fetch it'),
    sha256: sha256.describe('what it must hash to'),
  })
  .describe('a binary of the site');

const sshHost = z.strictObject({
  name: nodeName.describe('node name'),
  role: z.enum(['master', 'worker']).describe('one master, the rest workers'),
  address: z.ipv4().describe('address that every other host reaches it by'),
  address6: z.ipv6().optional().describe('the same for IPv6, in a dual-stack lab'),
  port: z.int().min(1).max(65535).default(22).describe('port of its SSH server'),
  user: z.string().min(1).default('root').describe('a user with full rights'),
  key: z.string().min(1).describe('path of the private key on this machine'),
  hostKey: z
    .string()
    .regex(
      /^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa) [A-Za-z0-9+/=]+$/,
      'a line of `ssh-keyscan` without the host',
    )
    .describe('its public host key, `<type> <base64>`; another key is refused'),
});

const ownHosts = z
  .array(sshHost)
  .min(2)
  .refine(
    (hosts) => hosts.filter((h) => h.role === 'master').length === 1,
    'exactly one host with role master',
  )
  .refine((hosts) => new Set(hosts.map((h) => h.name)).size === hosts.length, 'every host its own name')
  .refine(
    (hosts) => new Set(hosts.map((h) => h.address)).size === hosts.length,
    'every host its own address',
  );

/** Every key of `podferry:` in Pulumi.<stack>.yaml. */
export const stackConfig = z.strictObject({
  hosts: z
    .union([z.literal('podman'), ownHosts], {
      error: '"podman" or a list of hosts {name, role, address, address6, port, user, key, hostKey}',
    })
    .default('podman')
    .describe('`podman`: containers on this machine; or a list of your own hosts reached over SSH'),
  master: nodeName.default('master').describe('name of the control-plane host (podman hosts)'),
  workers: z
    .union([z.int().min(1, COUNT).max(20, COUNT), z.array(nodeName).min(1).max(20)], {
      error: 'a count from 1 to 20, or a list of names',
    })
    .default(2)
    .describe('how many workers, named worker1, worker2, …; or their names (podman hosts)'),
  subnet: ipv4Cidr.default('10.99.0.0/24').describe('private network of the podman hosts'),
  image: z
    .string()
    .min(1)
    .optional()
    .describe('image of the podman hosts; default: built from Debian packages'),
  podSubnet: ipv4Cidr.default('10.244.0.0/16').describe('addresses of pods, one /24 a node'),
  serviceSubnet: ipv4Cidr.default('10.96.0.0/16').describe('addresses of Services'),
  ipFamily: z
    .enum(['ipv4', 'dual'], '"ipv4", or "dual" for IPv4 and IPv6; IPv6 alone is not offered')
    .default('ipv4')
    .describe('`dual`: hosts, pods and Services have IPv6 addresses beside their IPv4 ones'),
  subnet6: ipv6Cidr
    .optional()
    .describe('IPv6 network of the podman hosts of a dual-stack lab; default: one that goes with `subnet`'),
  podSubnet6: ipv6CidrBetween(48, 64)
    .default('fd00:10:244::/56')
    .describe('IPv6 addresses of pods in a dual-stack lab, one /64 a node'),
  serviceSubnet6: ipv6CidrBetween(108, 126)
    .default('fd00:10:96::/112')
    .describe('IPv6 addresses of Services in a dual-stack lab'),
  kubelet: siteBinary.optional().describe('a kubelet of your own, instead of the pinned one'),
  containerd: siteBinary.optional().describe('a containerd of your own, instead of the pinned one'),
  criu: siteBinary.optional().describe('a CRIU of your own, instead of the pinned one'),
  address: z
    .enum(['keep', 'new'])
    .default('keep')
    .describe(
      '`keep`: pods that are moved keep their address, and their clients their connections, where that can be; `new`: they get another one; a migration may say otherwise',
    ),
  operatorReplicas: z
    .int()
    .min(1)
    .max(5)
    .default(1)
    .describe('replicas of the operator; one leads at a time'),
  migrationsPerNode: z
    .int()
    .min(1)
    .max(100)
    .default(2)
    .describe('how many live migrations may be under way at a node at once; others wait for their turn'),
  migrationsPerCluster: z
    .int()
    .min(1)
    .max(1000)
    .default(10)
    .describe('how many live migrations may be under way at once in all'),
  samples: z
    .union([z.literal('all'), z.array(z.enum(sampleNames))], {
      error: `"all", or a list of ${sampleNames.join(', ')}`,
    })
    .default([])
    .describe('sample applications beside tick and redis: a list of names, or `all`; see docs/samples.md'),
  runId: z.coerce
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,18}[a-z0-9])?$/, 'lower-case letters, digits and "-", at most 20')
    .default('1')
    .describe('names a run of the stack’s migrations; changing it runs them again'),
});

export type StackConfig = z.infer<typeof stackConfig>;

/** A wrong configuration: every wrong field with its value and what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the stack's configuration out of the engine's flat map (`podferry:key` to its text; structured values as JSON).
 * @throws ConfigError naming each wrong field, its value and what is allowed.
 */
export function parseStackConfig(all: Record<string, string>, project = 'podferry'): StackConfig {
  const raw: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(all)) {
    const [namespace, name] = key.split(':', 2);
    if (namespace === project && name !== undefined) raw[name] = structured(text);
  }
  const result = stackConfig.safeParse(raw);
  if (result.success) return result.data;
  throw new ConfigError(
    `stack configuration:\n${result.error.issues
      .flatMap(precise)
      .map((issue) => `  ${describeIssue(issue, raw, project)}`)
      .join('\n')}`,
  );
}

/** Of the alternatives of a union, the one that the value came closest to: whose complaint lies deepest. */
function precise(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const depth = (branch: z.core.$ZodIssue[]) => Math.max(...branch.map((i) => i.path.length));
  const best = issue.errors.toSorted((a, b) => depth(b) - depth(a))[0];
  if (best === undefined || depth(best) === 0) return [issue];
  return best.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })).flatMap(precise);
}

/** Numbers, lists and objects arrive as JSON text; everything else is a plain string. */
function structured(text: string): unknown {
  if (!/^(\s*[[{]|-?\d+$|true$|false$)/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function describeIssue(issue: z.core.$ZodIssue, raw: Record<string, unknown>, project: string): string {
  if (issue.code === 'unrecognized_keys') {
    const where = [project, ...issue.path].join('.');
    return `${where}: ${issue.keys.map((key) => `"${key}"`).join(', ')} is not a setting; allowed: ${Object.keys(stackConfig.shape).join(', ')}`;
  }
  let value: unknown = raw;
  for (const step of issue.path) value = (value as Record<PropertyKey, unknown> | undefined)?.[step];
  return `${project}:${issue.path.join('.')} is ${JSON.stringify(value) ?? 'missing'}; allowed: ${issue.message}`;
}
