import { overlap } from '../checks/network.ts';

/** Networks that a test's lab may have, in this order; private use (RFC 1918), and not what `lab` has by default. */
const CANDIDATES = Array.from({ length: 20 }, (_, i) => `10.99.${100 + i}.0/24`);

/**
 * The first network that nothing on this machine uses.
 * @param taken networks that are reached already or promised to somebody else
 */
export function freeSubnet(taken: readonly string[]): string | undefined {
  return CANDIDATES.find((candidate) => !taken.some((network) => overlap(network, candidate)));
}
