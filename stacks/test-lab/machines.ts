import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRoutes } from '../../cli/checks/read-facts.ts';
import { mustCapture } from '../../cli/programs.ts';
import { freeSubnet } from '../../cli/test-run/free-subnet.ts';
import { hostAddress } from '../../node-setup/addresses.ts';
import { podmanHost, podmanHostOutput } from '../../node-setup/podman-hosts/host.ts';
import { machineSettings } from '../../node-setup/podman-hosts/machine.ts';
import { network } from '../../node-setup/podman-hosts/network.ts';
import { removeEverything } from '../../node-setup/podman-hosts/remove.ts';
import { sshKey, sshKeyOutput } from '../../node-setup/podman-hosts/ssh-key.ts';
import { buildArtefacts, NOTHING_SPECIAL } from '../../toolchain/artefacts.ts';
import { importHostImage } from '../../toolchain/host-image.ts';

/** Longest time for a script on this machine, in seconds. */
const SCRIPT_SECONDS = 120;

/** A machine as its owner would write it into the configuration. */
export interface Machine {
  name: string;
  role: 'master' | 'worker';
  address: string;
  port: number;
  user: string;
  key: string;
  hostKey: string;
}

/**
 * Machines that belong to somebody: containers again, but the stack under test is told nothing of that. They share no
 * folder with this machine, and carry another label than the stack.
 */
export class Machines {
  readonly label: string;
  readonly subnet: string;
  readonly list: readonly Machine[];
  readonly #folder: string;

  private constructor(label: string, subnet: string, folder: string, list: readonly Machine[]) {
    this.label = label;
    this.subnet = subnet;
    this.list = list;
    this.#folder = folder;
  }

  /** Starts a master and workers of these names. What was started is removed again when one fails. */
  static async start(label: string, names: readonly string[]): Promise<Machines> {
    const folder = await mkdtemp(join(tmpdir(), 'podferry-own-'));
    try {
      return await Machines.#make(label, names, folder);
    } catch (error) {
      await removeAll(label, folder);
      throw error;
    }
  }

  static async #make(label: string, names: readonly string[], folder: string): Promise<Machines> {
    const subnet = freeSubnet((await readRoutes()).map((route) => route.destination));
    if (subnet === undefined) throw new Error('no subnet for test machines is free on this machine');
    const artefacts = await buildArtefacts(NOTHING_SPECIAL, () => undefined);
    const image = await importHostImage(artefacts['host-root.tar']);
    const { publicKey } = sshKeyOutput.parse(JSON.parse(await script(sshKey(label, folder).create)));
    await script(machineSettings(label).create);
    await script(network(label, [subnet]).create);
    const list = await Promise.all(
      names.map(async (name, index): Promise<Machine> => {
        const role = index === 0 ? 'master' : 'worker';
        const address = hostAddress(subnet, index);
        const { create } = podmanHost({ stack: label, name, role, address, subnet, image, publicKey });
        const { hostKey } = podmanHostOutput.parse(JSON.parse(await script(create)));
        return { name, role, address, port: 22, user: 'root', key: join(folder, 'id_ed25519'), hostKey };
      }),
    );
    return new Machines(label, subnet, folder, list);
  }

  /** Runs a shell script on a machine, over SSH. */
  async run({ address, user, key, hostKey }: Machine, text: string): Promise<string> {
    const known = join(this.#folder, 'known_hosts');
    await script(`echo '${address} ${hostKey}' >'${known}-${address}'`);
    const options = [`UserKnownHostsFile=${known}-${address}`, 'BatchMode=yes', 'ConnectTimeout=10'];
    const args = [
      '-i',
      key,
      ...options.flatMap((option) => ['-o', option]),
      `${user}@${address}`,
      'sh',
      '-s',
    ];
    return mustCapture(`a script on ${address}`, 'ssh', args, {
      timeoutSeconds: SCRIPT_SECONDS,
      input: text,
    });
  }

  async remove(): Promise<void> {
    await removeAll(this.label, this.#folder);
  }
}

async function removeAll(label: string, folder: string): Promise<void> {
  await script(removeEverything(label));
  await rm(folder, { recursive: true, force: true });
}

function script(text: string): Promise<string> {
  return mustCapture('a script on this machine', 'sh', ['-c', text], { timeoutSeconds: SCRIPT_SECONDS });
}
