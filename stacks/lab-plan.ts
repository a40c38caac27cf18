import type { Sample } from '../apps/sample.ts';
import { samples } from '../apps/samples.ts';
import type { HostSource } from '../components/lab-hosts.ts';
import { hostAddress, podCidr, subnetProblems } from '../node-setup/addresses.ts';
import type { Lab, LabHost } from '../node-setup/phase.ts';
import type { Wanted } from '../toolchain/artefacts.ts';
import { pins } from '../toolchain/pins.ts';
import { ConfigError, type StackConfig } from './config.ts';

/**
 * The lab that a configuration asks for: every host with its address and its part of the pod subnet.
 * @throws ConfigError when its networks overlap or are too small
 */
export function planLab(stack: string, config: StackConfig): Lab {
  const hosts = withNetworks(config, namedHosts(config));
  const subnets = { podSubnet: config.podSubnet, serviceSubnet: config.serviceSubnet };
  const problems = subnetProblems(
    config.hosts === 'podman' ? { subnet: config.subnet, ...subnets } : subnets,
    hosts,
  );
  if (problems.length > 0)
    throw new ConfigError(`stack configuration:\n${problems.map((p) => `  ${p}`).join('\n')}`);
  return {
    name: stack,
    hosts,
    podSubnet: config.podSubnet,
    serviceSubnet: config.serviceSubnet,
    versions: { kubernetes: pins.kubernetes.version },
  };
}

/** How each host of the plan is come by. */
export function planHosts(config: StackConfig, lab: Lab): HostSource {
  const { hosts, subnet, image } = config;
  if (hosts === 'podman')
    return { kind: 'podman', subnet, hosts: lab.hosts, ...(image === undefined ? {} : { image }) };
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

type NamedHost = Pick<LabHost, 'name' | 'role'> & { address?: string };

/** The master first: adding a worker then changes no other host's number, address or pod subnet. */
function namedHosts({ hosts, master, workers }: StackConfig): NamedHost[] {
  if (hosts !== 'podman')
    return hosts.toSorted((a, b) => Number(a.role === 'worker') - Number(b.role === 'worker'));
  const names =
    typeof workers === 'number' ? Array.from({ length: workers }, (_, i) => `worker${i + 1}`) : workers;
  return [{ name: master, role: 'master' }, ...names.map((name) => ({ name, role: 'worker' as const }))];
}

function withNetworks(config: StackConfig, named: NamedHost[]): LabHost[] {
  try {
    return named.map(({ name, role, address }, index) => ({
      name,
      role,
      index,
      address: address ?? hostAddress(config.subnet, index),
      podCidr: podCidr(config.podSubnet, index),
    }));
  } catch (error) {
    throw new ConfigError(`stack configuration: ${(error as Error).message}`, { cause: error });
  }
}
