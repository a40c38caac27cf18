import { type Check, error, warning } from './check.ts';

export const networkChecks: readonly Check[] = [
  {
    name: 'subnet',
    title: 'the lab’s subnet is free',
    hosts: 'podman',
    look: ({ network }) => {
      const taken = network.routes.find((route) => overlap(route.destination, network.subnet));
      return taken === undefined
        ? undefined
        : error(
            `subnet ${network.subnet} is taken: ${taken.destination} is reached through ${taken.device}`,
            'Choose another: `podferry pulumi config set podferry:subnet 10.98.7.0/24`.',
          );
    },
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

/** Whether two IPv4 networks share an address. */
export function overlap(a: string, b: string): boolean {
  const [left, right] = [parseCidr(a), parseCidr(b)];
  if (left === undefined || right === undefined) return false;
  const bits = Math.min(left.bits, right.bits);
  // A shift by 32 would be one by 0 in JavaScript.
  const mask = bits === 0 ? 0 : (~0 << (32 - bits)) >>> 0;
  return (left.address & mask) >>> 0 === (right.address & mask) >>> 0;
}

function parseCidr(text: string): { address: number; bits: number } | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = match.slice(1, 5).map(Number);
  return { address: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0, bits: Number(match[5] ?? 32) };
}
