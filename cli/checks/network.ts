import { isIPv4 } from 'node:net';
import { type Address, parseAddress } from '../../node-setup/addresses.ts';
import { type Check, error, warning } from './check.ts';

export const networkChecks: readonly Check[] = [
  {
    name: 'subnet',
    title: 'the lab’s subnet is free',
    hosts: 'podman',
    look: ({ network: { subnets, routes } }) => {
      for (const subnet of subnets) {
        const taken = routes.find((route) => overlap(route.destination, subnet));
        if (taken === undefined) continue;
        const another = subnet.includes(':') ? 'subnet6 fd00:10:98:7::/64' : 'subnet 10.98.7.0/24';
        return error(
          `subnet ${subnet} is taken: ${taken.destination} is reached through ${taken.device}`,
          `Choose another: \`podferry pulumi config set podferry:${another}\`.`,
        );
      }
    },
  },
  {
    name: 'ipv6',
    title: 'the kernel has IPv6, if the lab is to have it',
    hosts: 'podman',
    look: ({ network: { subnets, hasIPv6 } }) =>
      hasIPv6 || !subnets.some((subnet) => subnet.includes(':'))
        ? undefined
        : error(
            'this kernel is without IPv6, or it is switched off, and the lab is to be dual-stack',
            'Switch it on (`sysctl net.ipv6.conf.all.disable_ipv6=0`), or have a lab of IPv4 alone (`podferry pulumi config set podferry:ipFamily ipv4`).',
          ),
  },
  {
    name: 'debian-archive',
    title: 'a Debian archive is configured and answers, if packages are needed',
    hosts: 'any',
    look: ({ mirror }) => {
      if (mirror?.problem === undefined) return undefined;
      const advice =
        'Look at the package sources of apt, or set PODFERRY_DEBIAN_MIRROR to the URL of a Debian archive.';
      return mirror.url === undefined
        ? error(mirror.problem, advice)
        : warning(`${mirror.url} does not answer: ${mirror.problem}`, advice);
    },
  },
  {
    name: 'leftovers',
    title: 'no lab without a state is left on this machine',
    hosts: 'podman',
    look: ({ stacksOnMachine, knownStacks }) => {
      const lost = stacksOnMachine.filter((stack) => !knownStacks.includes(stack));
      return lost.length === 0
        ? undefined
        : warning(
            `containers, networks or volumes of ${lost.join(', ')} are there, but no state of it beside this checkout`,
            `If no other checkout uses it: ${lost.map((stack) => `podferry down --stack ${stack}`).join('; ')}`,
          );
    },
  },
];

/** Whether two networks share an address, however they are written; a single address is a network of one. */
export function overlap(a: string, b: string): boolean {
  const [left, right] = [parseCidr(a), parseCidr(b)];
  if (left === undefined || right === undefined || left.family !== right.family) return false;
  const beyond = BigInt(Math.max(left.beyond, right.beyond));
  return left.value >> beyond === right.value >> beyond;
}

/** An address, and how many of its last bits do not count. */
function parseCidr(text: string): (Address & { beyond: number }) | undefined {
  const [, address = '', prefix] = /^([0-9a-f.:]+)(?:\/(\d+))?$/i.exec(text) ?? [];
  try {
    const length = isIPv4(address) ? 32 : 128;
    return { ...parseAddress(address), beyond: length - Number(prefix ?? length) };
  } catch {
    return undefined;
  }
}
