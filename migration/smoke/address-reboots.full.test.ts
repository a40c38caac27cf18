import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { Guest } from './guest.ts';
import { SmokeLab } from './lab.ts';

/** A pod away from home with its address, while the programs and hosts that keep that address for it begin anew. */

/** Two rounds of the agents, after which they give out again what nobody seems to have. */
const TENDED_MS = 12_000;
const NEIGHBOUR = 'full-reboots-neighbour';

let lab: SmokeLab;
let guest: Guest;
let nodes: string[];
let [home, away] = ['', ''];
let canSwitchOff: boolean;
beforeAll(async () => {
  lab = await SmokeLab.open();
  [home = '', away = ''] = lab.workers;
  nodes = lab.outputs.nodes.map(({ name }) => name);
  canSwitchOff = await lab.canSwitchOff();
  guest = new Guest(lab, inject('probeImage'), 'full-reboots');
  await guest.start();
});
afterAll(async () => {
  await lab.onNode(home, 'systemctl enable --quiet --now kubelet');
  await Promise.all([guest.remove(), lab.removePods(NEIGHBOUR)]);
  await lab.close();
});

/** Whether the guest's home keeps the address from being given to a pod of its own. */
async function isReserved(): Promise<boolean> {
  const file = `/run/podferry-cni/podferry/${guest.address}`;
  return (await lab.onNode(home, `head -n 1 ${file} 2>/dev/null || true`)).startsWith('podferry');
}

async function answersEverybody(): Promise<void> {
  expect(await guest.echoes(nodes)).toEqual(nodes.map(() => 'hello'));
  expect(await isReserved()).toBe(true);
}

it('agents and containerd of both nodes begin anew: its connections go on, and its address is its own', async () => {
  for (const node of [home, away])
    await lab.onNode(node, 'systemctl restart containerd && systemctl restart podferry-agent');
  await new Promise((resolve) => setTimeout(resolve, TENDED_MS));
  await guest.goesOn();
  await answersEverybody();
});

it('its home begins anew, without a pod of its own: its connections go on all the same', async ({ skip }) => {
  skip(!canSwitchOff, 'hosts of your own are not switched off');
  await lab.onNode(home, 'systemctl disable --quiet kubelet');
  await lab.reboot(home);
  await guest.goesOn();
  await answersEverybody();
  // what the IPAM plugin leaves when it is asked for the first time
  expect(await lab.onNode(home, 'ls /run/podferry-cni/podferry')).not.toContain('last_reserved_ip');
});

it('pods come to its home again: none gets its address, and the bridge is one that they can use', async ({
  skip,
}) => {
  skip(!canSwitchOff, 'hosts of your own are not switched off');
  await lab.onNode(home, 'systemctl enable --quiet --now kubelet');
  await lab.startPod(NEIGHBOUR, 'tick', home);
  const address = await lab.kubectl(['get', 'pod', NEIGHBOUR, '-o', 'jsonpath={.status.podIP}']);
  expect(address).not.toBe(guest.address);
  await lab.tick(NEIGHBOUR);
  await guest.goesOn();
  await answersEverybody();
});

it('its own node begins anew: it does too, with its address, and its client’s connection has ended', async ({
  skip,
}) => {
  skip(!canSwitchOff, 'hosts of your own are not switched off');
  await lab.reboot(away);
  await lab.until(
    'the guest runs again',
    () => guest.field('{.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].ready}'),
    (state) => state === '1 true',
    180,
  );
  expect(await guest.field('{.spec.nodeName} {.status.podIP}')).toBe(`${away} ${guest.address}`);
  await lab.until(
    'the client is told',
    () => guest.lastWord(),
    (word) => Number.isNaN(Number(word)),
    60,
  );
  await answersEverybody();
});

it('it ends: its home gives the address out again, and no node leads anywhere with it', async () => {
  await lab.kubectl(['delete', 'pod', guest.pod, '--grace-period=1', '--timeout=60s']);
  await lab.until('the address is nobody’s', isReserved, (reserved) => !reserved);
  await lab.until(
    'no node has a route for the address',
    () => Promise.all(nodes.map((node) => lab.onNode(node, `ip route show table all ${guest.address}`))),
    (routes) => routes.join('') === '',
  );
});
