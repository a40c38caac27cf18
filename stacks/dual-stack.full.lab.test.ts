import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRoutes } from '../cli/checks/read-facts.ts';
import { defaultStack, stackPaths } from '../cli/paths.ts';
import { freeSubnet } from '../cli/test-run/free-subnet.ts';
import { configure } from './test-lab/configuration.ts';
import { mustPodferry, outputsOf, podferry } from './test-lab/podferry.ts';

/**
 * A lab whose hosts, pods and Services have IPv4 and IPv6 addresses, and the smoke tests that have to do with addresses and connections
 * on it: in either family with new addresses and with the same ones.
 */

const stack = `${process.env.PODFERRY_STACK ?? defaultStack}-dual`;
const { config } = stackPaths(stack);

/** Seconds for an `up`, and for the smoke tests of one topic, on a machine that others use too. */
const UP_SECONDS = 8 * 60;
const SMOKE_SECONDS = 15 * 60;

beforeAll(async () => {
  const subnet = freeSubnet((await readRoutes()).map((route) => route.destination));
  configure(stack, { subnet, ipFamily: 'dual', address: 'keep' });
  await mustPodferry(['up', '--stack', stack, '--yes'], UP_SECONDS);
});

afterAll(async () => {
  await podferry(['down', '--stack', stack, '--yes']);
  rmSync(config, { force: true });
});

describe('a dual-stack lab', () => {
  it('comes up, and has moved a pod', async () => {
    const { nodes, migrations } = await outputsOf(stack);
    expect(nodes.map(({ address6 }) => address6?.startsWith('fd00:'))).toEqual(nodes.map(() => true));
    expect(migrations.tick).toMatchObject({ from: 'worker1', to: 'worker2' });
  });

  it('is left as it is by a second `up`', async () => {
    expect(await mustPodferry(['up', '--stack', stack, '--yes'], UP_SECONDS)).not.toMatch(
      / (created|updated|deleted) \(/,
    );
  });

  it.each(['dual-stack', 'address.', 'network'])('passes the smoke tests of %s', async (files) => {
    const { code, text } = await podferry(['smoke', '--stack', stack, '--only', files], SMOKE_SECONDS);
    expect(code, text).toBe(0);
  });
});
