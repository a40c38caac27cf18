import type { Sample } from '../apps/sample.ts';
import { samples } from '../apps/samples.ts';
import type { HostSource } from '../components/lab-hosts.ts';
import {
  canonicalAddress,
  canonicalSubnet,
  hostAddress,
  ipv6Beside,
  podCidr,
  subnetProblems,
} from '../node-setup/addresses.ts';
import type { Lab, LabHost } from '../node-setup/phase.ts';
import type { Wanted } from '../toolchain/artefacts.ts';
import { pins } from '../toolchain/pins.ts';
import { ConfigError, type StackConfig } from './config.ts';

/**
 * The lab that a configuration asks for: every host with its addresses and its part of the pod subnets.
 * @throws ConfigError when its networks overlap or are too small, or a host lacks an address
 */
export function planLab(stack: string, config: StackConfig): Lab {
  const { podSubnet, serviceSubnet } = config;
  const { hosts, ipv6 } = networksOf(config);
  const own =
    config.hosts === 'podman' ? { subnet: config.subnet, ...(ipv6 && { subnet6: ipv6.subnet }) } : {};
  const six = ipv6 && { podSubnet6: ipv6.podSubnet, serviceSubnet6: ipv6.serviceSubnet };
  const problems = subnetProblems({ ...own, podSubnet, serviceSubnet, ...six }, hosts.flatMap(addressesOf));
  if (problems.length > 0)
    throw new ConfigError(`stack configuration:\n${problems.map((p) => `  ${p}`).join('\n')}`);
  return {
    name: stack,
    hosts,
    podSubnet,
    serviceSubnet,
    ...(ipv6 && { ipv6: { podSubnet: ipv6.podSubnet, serviceSubnet: ipv6.serviceSubnet } }),
    versions: { kubernetes: pins.kubernetes.version },
  };
}

const addressesOf = ({ name, address, ipv6 }: LabHost) => [
  { name, address },
  ...(ipv6 === undefined ? [] : [{ name, address: ipv6.address }]),
];

/** The private networks that podman hosts are in: of IPv4, and in a dual-stack lab of IPv6. */
export function podmanSubnets(config: StackConfig): string[] {
  const ipv6 = ipv6Networks(config);
  return ipv6 === undefined ? [config.subnet] : [config.subnet, ipv6.subnet];
}

/** How each host of the plan is come by. */
export function planHosts(config: StackConfig, lab: Lab): HostSource {
  const { hosts, image } = config;
  if (hosts === 'podman') {
    const subnets = podmanSubnets(config);
    return { kind: 'podman', subnets, hosts: lab.hosts, ...(image === undefined ? {} : { image }) };
  }
  return {
    kind: 'ssh',
    hosts: lab.hosts.map((host) => {
      const own = hosts.find((candidate) => candidate.name === host.name);
      if (own === undefined)
        throw new Error(`the plan has a host ${host.name} that the configuration has not`);
      return { ...host, port: own.port, user: own.user, keyFile: own.key, hostKey: own.hostKey };
    }),
  };
}

/** What a configuration asks of the toolchain: binaries of the site instead of the pinned ones, images of samples. */
export function wantedArtefacts(config: StackConfig): Wanted {
  const { kubelet, containerd, criu } = config;
  const site = {
    ...(kubelet === undefined ? {} : { kubelet }),
    ...(containerd === undefined ? {} : { containerd }),
    ...(criu === undefined ? {} : { criu }),
  };
  return { site, appImages: [...new Set(furtherSamples(config).map(({ image }) => image))] };
}

/** The samples of a lab beside tick and redis, which its own migrations are of. */
export function furtherSamples({ samples: names }: StackConfig): Sample[] {
  const further = samples.filter(({ name }) => name !== 'tick' && name !== 'redis');
  return names === 'all' ? further : further.filter(({ name }) => names.includes(name));
}

interface IPv6Networks {
  /** Of the podman hosts. */
  subnet: string;
  podSubnet: string;
  serviceSubnet: string;
}

/** The IPv6 networks of a dual-stack lab, as programs write them; undefined for a lab of IPv4 alone. */
function ipv6Networks(config: StackConfig): IPv6Networks | undefined {
  if (config.ipFamily === 'ipv4') return undefined;
  return {
    subnet: canonicalSubnet(config.subnet6 ?? ipv6Beside(config.subnet)),
    podSubnet: canonicalSubnet(config.podSubnet6),
    serviceSubnet: canonicalSubnet(config.serviceSubnet6),
  };
}

type NamedHost = Pick<LabHost, 'name' | 'role'> & {
  address?: string;
  address6?: string | undefined;
};

/** The master first: adding a worker then changes no other host's number, address or pod subnet. */
function namedHosts({ hosts, master, workers }: StackConfig): NamedHost[] {
  if (hosts !== 'podman')
    return hosts.toSorted((a, b) => Number(a.role === 'worker') - Number(b.role === 'worker'));
  const names =
    typeof workers === 'number' ? Array.from({ length: workers }, (_, i) => `worker${i + 1}`) : workers;
  return [{ name: master, role: 'master' }, ...names.map((name) => ({ name, role: 'worker' as const }))];
}

/** Hosts with their part of every network. @throws ConfigError when there is none left for one */
function networksOf(config: StackConfig): { hosts: LabHost[]; ipv6: IPv6Networks | undefined } {
  try {
    const ipv6 = ipv6Networks(config);
    const hosts = namedHosts(config).map(({ name, role, address, address6 }, index) => ({
      name,
      role,
      index,
      address: address ?? hostAddress(config.subnet, index),
      podCidr: podCidr(config.podSubnet, index),
      ...(ipv6 && { ipv6: ipv6Of(config, ipv6, { name, address6 }, index) }),
    }));
    return { hosts, ipv6 };
  } catch (error) {
    throw new ConfigError(`stack configuration: ${(error as Error).message}`, { cause: error });
  }
}

/** What a host has of IPv6. */
function ipv6Of(
  config: StackConfig,
  { subnet, podSubnet }: IPv6Networks,
  { name, address6 }: Pick<NamedHost, 'name' | 'address6'>,
  index: number,
): NonNullable<LabHost['ipv6']> {
  if (config.hosts !== 'podman' && address6 === undefined)
    throw new Error(`the host ${name} has no address6, which a dual-stack lab needs of every host`);
  const address = address6 === undefined ? hostAddress(subnet, index) : canonicalAddress(address6);
  return { address, podCidr: podCidr(podSubnet, index) };
}
