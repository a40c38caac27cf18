import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diffSnapshots } from '../cli/machine-snapshot.ts';
import { defaultStack, stackPaths } from '../cli/paths.ts';
import { hostAddress } from '../node-setup/addresses.ts';
import { configure } from './test-lab/configuration.ts';
import { machineState, parseMachineState } from './test-lab/machine-state.ts';
import { type Machine, Machines } from './test-lab/machines.ts';
import { changesIn, mustPodferry, outputsOf, podferry } from './test-lab/podferry.ts';

/**
 * A lab on machines of somebody's own, from their first contact to their last, in the order in which it happens: wrong
 * settings, the lab, one worker more, one worker less (not while its addresses are in use elsewhere), and a `down` after which the machines are as they were.
 */

const stack = `${process.env.PODFERRY_STACK ?? defaultStack}-own`;
const up = ['up', '--stack', stack, '--yes'];
const { config } = stackPaths(stack);
let machines: Machines;
let first: [master: Machine, a: Machine, b: Machine];
let late: Machine;
let before: Awaited<ReturnType<typeof stateOfAll>>;

beforeAll(async () => {
  machines = await Machines.start(`${stack}-machines`, ['own-master', 'own-a', 'own-b', 'own-c']);
  const [master, a, b, c] = machines.list as [Machine, Machine, Machine, Machine];
  first = [master, a, b];
  late = c;
  before = await stateOfAll();
});

afterAll(async () => {
  try {
    await podferry(['down', '--stack', stack, '--yes', '--forget-hosts']);
  } finally {
    rmSync(config, { force: true });
    await machines?.remove();
  }
});

describe('a lab on hosts of one’s own', () => {
  it('is not begun when a host shows another key or cannot be reached', async () => {
    const [master, a, b] = first;
    const nobody = hostAddress(machines.subnet, 90);
    configure(stack, { hosts: [{ ...master, hostKey: a.hostKey }, a, { ...b, address: nobody }] });

    const { code, text } = await podferry(up);

    expect(code, text).toBe(1);
    expect(text).toMatch(new RegExp(`${master.name}.*${master.address}:22.*host key is not the pinned one`));
    expect(text).toMatch(new RegExp(`${b.name}.*cannot connect to ${nobody}:22: .*(no answer|EHOSTUNREACH)`));
    expect(await leftOn([master, b])).toEqual({});
  });

  it('comes up, and moves its pods, once the settings are right', async () => {
    configure(stack, { hosts: first });

    await mustPodferry(up);

    const { nodes, migrations } = await outputsOf(stack);
    expect(nodes.map(({ name, address }) => [name, address])).toEqual(
      first.map(({ name, address }) => [name, address]),
    );
    expect(migrations.tick).toMatchObject({ from: 'own-a', to: 'own-b' });
    expect(migrations.checkpoint?.checkpointPath).toBeTruthy();
    expect(migrations.restore?.pod).toBeTruthy();
    expect(await readyNodes()).toEqual(first.map(({ name }) => name).sort());
  });

  it('lets one more worker join, and touches the others no more than that takes', async () => {
    configure(stack, { hosts: [...first, late] });

    const changes = changesIn(await mustPodferry(up));

    expect(changes.get(`${late.name}-join`)).toBe('created');
    expectOthersToStay(changes);
    expect(await readyNodes()).toEqual(machines.list.map(({ name }) => name).sort());
    await startPodOn(late.name, POD);
  });

  it('does not let that worker go while a pod elsewhere has one of its addresses, and changes nothing', async () => {
    const [, a] = first;
    const back = await move(POD, a.name);
    configure(stack, { hosts: first });

    const { code, text } = await podferry(up);

    expect(code, text).toBe(1);
    expect(text).toMatch(
      new RegExp(`default/${back} lives on ${a.name} with an address of ${late.name}, [\\d.]+\\.`),
    );
    expect([...changesIn(text).keys()].filter((resource) => resource.startsWith('own-'))).toEqual([]);
    expect(await readyNodes()).toEqual(machines.list.map(({ name }) => name).sort());
    await move(back, late.name);
  });

  it('lets that worker go: emptied, deleted, and as it was before; a pod that asks for it moves, without the address', async () => {
    await startPodOn(late.name, MOVING, `run=${MOVING}`, 'podferry.dev/evict=move');
    const before = await lookInto(MOVING);
    configure(stack, { hosts: first });

    const changes = changesIn(await mustPodferry(up));

    expect(changes.get(`${late.name}-member`)).toBe('deleted');
    expectOthersToStay(changes);
    expect(await readyNodes()).toEqual(first.map(({ name }) => name).sort());
    expect(await nameNow(POD)).toBeUndefined();
    const moved = await lookInto(await nameNow(MOVING));
    expect(moved.process).toBe(before.process);
    expect(moved.node).not.toBe(late.name);
    expect(moved.address).not.toBe(before.address);
    expect(await leftOn([late])).toEqual({});
  });

  it('goes, and leaves the machines running and as they were', async () => {
    await mustPodferry(['down', '--stack', stack, '--yes']);

    expect(await leftOn(machines.list)).toEqual({});
  });
});

/** Nobody but the drain ends it. */
const POD = 'own-hosts-test';

/** The drain has it moved. */
const MOVING = 'own-hosts-moving';

async function startPodOn(nodeName: string, pod: string, ...labels: string[]): Promise<void> {
  const { apps } = await outputsOf(stack);
  const overrides = JSON.stringify({ spec: { nodeName, terminationGracePeriodSeconds: 1 } });
  const image = ['--image', apps.image.redis ?? '', '--image-pull-policy', 'Never'];
  const labelled = labels.length === 0 ? [] : ['--labels', labels.join()];
  await kubectl(['run', pod, ...image, ...labelled, '--overrides', overrides]);
  await kubectl(['wait', '--for=condition=Ready', `pod/${pod}`, '--timeout=60s']);
}

/** Moves the pod with its address. @returns its name now */
async function move(pod: string, nodeName: string): Promise<string> {
  await kubectl(['migrate', pod, nodeName, '--address', 'keep']);
  return (await nameNow(POD)) ?? '';
}

/** What a pod that was started here is called after its moves; nothing when it is gone. */
async function nameNow(pod: string): Promise<string | undefined> {
  const names = await kubectl(['get', 'pods', '--selector', `run=${pod}`, '--output', 'name']);
  return /^pod\/(\S+)$/m.exec(names)?.[1];
}

/** Where a pod of redis is, and which process. */
async function lookInto(pod = ''): Promise<Record<'process' | 'node' | 'address', string>> {
  const where = await kubectl([
    'get',
    'pod',
    pod,
    '--output',
    'jsonpath=at {.spec.nodeName} {.status.podIP}',
  ]);
  const info = await kubectl(['exec', pod, '--', 'redis-cli', 'info', 'server']);
  const [, node, address] = /^at (\S+) (\S+)$/m.exec(where) ?? [];
  const [, process] = /^run_id:(\w+)/m.exec(info) ?? [];
  if (node === undefined || address === undefined || process === undefined)
    throw new Error(`${pod} says neither where nor what it is: ${where} ${info}`);
  return { process, node, address };
}

/** The phases of a host that know of the other hosts: who may leave or use the store, and where pods are reached. */
const CONCERNED = ['leaving-nodes', 'pod-routes', 'store-server', 'store-check'];

function expectOthersToStay(changes: ReadonlyMap<string, string>): void {
  const others = [...changes.keys()].filter((resource) =>
    first.some(({ name }) => resource.startsWith(name)),
  );
  const disturbed = others.filter((resource) => !CONCERNED.some((phase) => resource.endsWith(`-${phase}`)));
  expect(disturbed).toEqual([]);
}

async function readyNodes(): Promise<string[]> {
  const nodes = await kubectl(['get', 'nodes', '--no-headers']);
  return [...nodes.matchAll(/^(\S+) +Ready /gm)].map(([, name]) => name as string).sort();
}

function kubectl(args: string[]): Promise<string> {
  return mustPodferry(['kubectl', '--stack', stack, ...args]);
}

/** What a machine has now and had not, or the other way round; only of machines where there is something. */
async function leftOn(some: readonly Machine[]): Promise<Record<string, string[]>> {
  const now = await stateOfAll();
  const left = some.map(({ name }) => [name, diffSnapshots(before[name] ?? {}, now[name] ?? {})] as const);
  return Object.fromEntries(left.filter(([, lines]) => lines.length > 0));
}

async function stateOfAll(): Promise<Record<string, ReturnType<typeof parseMachineState>>> {
  const states = machines.list.map(async (machine) => {
    return [machine.name, parseMachineState(await machines.run(machine, machineState))] as const;
  });
  return Object.fromEntries(await Promise.all(states));
}
