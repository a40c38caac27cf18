import { z } from 'zod';
import { mustRun } from '../command.ts';

const LIMIT_MS = 5000;

/** Addresses that the scope leaves out stand there as empty objects. */
const address = z.object({ family: z.string().optional(), local: z.string().optional() });
const interfaces = z.array(z.object({ addr_info: z.array(address).default([]) }));

/** The addresses of a pod by its network namespace, IPv4 first; empty for a pod without a network of its own. */
export async function podAddresses(networkNamespace: string | undefined): Promise<string[]> {
  if (networkNamespace === undefined) return [];
  const show = ['ip', '-json', 'address', 'show', 'up', 'scope', 'global'];
  const { stdout } = await mustRun('nsenter', [`--net=${networkNamespace}`, ...show], {
    timeoutMs: LIMIT_MS,
  });
  return addressesIn(stdout);
}

/** See podAddresses; `json` is what `ip -json address show` prints. */
export function addressesIn(json: string): string[] {
  const found = interfaces.parse(JSON.parse(json)).flatMap(({ addr_info }) => addr_info);
  const ofFamily = (wanted: string) =>
    found.flatMap(({ family, local }) => (family === wanted ? (local ?? []) : []));
  return [...ofFamily('inet'), ...ofFamily('inet6')];
}
