import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { mustRun } from '../command.ts';
import { StepError } from '../failure.ts';

/** How a pod is connected to this node's network. */
export const podLink = z.strictObject({
  address: z.ipv4(),
  /** Of a dual-stack pod. */
  address6: z.ipv6().optional(),
  /** The node's end of its link. */
  interface: z.string().regex(/^[^\s/]{1,15}$/),
  /** The pod's end, as its neighbours know it. */
  mac: z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/),
});
export type PodLink = z.infer<typeof podLink>;

/** The addresses that go along with a pod: one, or one of each family. */
export const addressesOf = ({ address, address6 }: Pick<PodLink, 'address' | 'address6'>): string[] =>
  address6 === undefined ? [address] : [address, address6];

const LIMIT_MS = 5000;
/** The link's name in the pod: the CRI wants this one. */
const INSIDE = 'eth0';

const device = z.looseObject({
  ifname: z.string().optional(),
  link_index: z.int().optional(),
  address: z.string().optional(),
  addr_info: z.array(z.object({ family: z.string().optional(), local: z.string().optional() })).default([]),
});

/** The link of a running pod, by one of its processes. StepError `network` when it is none that can be moved. */
export async function linkOf(pid: number, sysClassNet = '/sys/class/net'): Promise<PodLink> {
  const show = ['ip', '-json', 'address', 'show', 'dev', INSIDE, 'scope', 'global'];
  const { stdout } = await mustRun('nsenter', ['--target', String(pid), '--net', ...show], {
    timeoutMs: LIMIT_MS,
  });
  const { peer, ...known } = parseLink(stdout);
  return { ...known, interface: await interfaceOf(peer, sysClassNet) };
}

/** See linkOf; `json` is what `ip -json address show` prints of the pod's end. */
export function parseLink(json: string): Omit<PodLink, 'interface'> & { peer: number } {
  const found = z
    .array(device)
    .parse(JSON.parse(json))
    .find(({ ifname }) => ifname === INSIDE);
  if (found?.link_index === undefined)
    throw new StepError('network', `the pod has no link ${INSIDE} to this node`);
  const addresses = found.addr_info.flatMap(({ local }) => local ?? []);
  const [address, address6] = addresses.toSorted((a, b) => Number(a.includes(':')) - Number(b.includes(':')));
  const known = podLink.omit({ interface: true }).safeParse({ address, address6, mac: found.address });
  if (addresses.length > 2 || !known.success)
    throw new StepError(
      'network',
      `a pod keeps one IPv4 address, and with it one IPv6 address; this one has ${addresses.join(', ') || 'none'}`,
    );
  return { ...known.data, peer: found.link_index };
}

async function interfaceOf(index: number, sysClassNet: string): Promise<string> {
  for (const name of await readdir(sysClassNet)) {
    const text = await readFile(path.join(sysClassNet, name, 'ifindex'), 'latin1').catch(() => '');
    if (text !== '' && Number(text) === index) return name;
  }
  throw new StepError('network', `the pod's link leads to interface ${index}, which is not on this node`);
}

/** The link of a pod that takes over an address, as the CNI plugin noted it; undefined for every other pod. */
export async function notedLink(sandboxId: string, linksDir: string): Promise<PodLink | undefined> {
  const text = await readFile(path.join(linksDir, sandboxId), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    },
  );
  if (text === undefined) return undefined;
  const [addresses = '', name, mac] = text.trim().split(' ');
  const [address, address6] = addresses.split(',');
  return podLink.parse({ address, address6, interface: name, mac });
}
