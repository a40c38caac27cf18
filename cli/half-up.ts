import { join } from 'node:path';
import type { StackOutputs } from '../migration/contract/stack-outputs.ts';
import type { Engine } from './engine/engine.ts';
import { type ReachableHost, reachableHosts } from './evidence/reach.ts';
import { Failure } from './failure.ts';
import { readOutputs } from './outputs.ts';
import { readStackSettings, type StackSettings } from './stack-settings.ts';

/** A node as far as ssh(1) and people need to know it. */
export type AccessNode = Pick<
  StackOutputs['nodes'][number],
  'name' | 'address' | 'port' | 'user' | 'hostKey'
>;

/** Seconds for a short look at a host. */
const LOOK_SECONDS = 20;
/** Where podman hosts have what was made for them; see node-setup/podman-hosts. */
const HOST_KEY = join('/etc', 'ssh', 'ssh_host_ed25519_key.pub');
const ADMIN_CONFIG = join('/etc', 'kubernetes', 'admin.conf');

/**
 * The lab's nodes by its outputs, or, when an `up` failed half way and there are none, the hosts that are there already.
 * @throws Failure of the outputs when there are no hosts either
 */
export async function accessNodes(engine: Engine): Promise<readonly AccessNode[]> {
  try {
    return (await readOutputs(engine)).nodes;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const settings = readStackSettings(engine.stack);
    const hosts = await hostsSoFar(settings, await reachableHosts(engine.stack, settings));
    if (hosts.length === 0) throw error;
    return hosts;
  }
}

/** Own hosts as the configuration pins them; podman hosts by the key that is in them, which no network is asked for. */
export async function hostsSoFar(
  { config, lab }: Pick<StackSettings, 'config' | 'lab'>,
  reachable: readonly ReachableHost[],
): Promise<AccessNode[]> {
  if (config.hosts !== 'podman')
    return config.hosts.map(({ name, address, port, user, hostKey }) => ({
      name,
      address,
      port,
      user,
      hostKey,
    }));
  const found = await Promise.all(
    lab.hosts.map(async ({ name, address }): Promise<AccessNode[]> => {
      const answer = await reachable
        .find((host) => host.name === name)
        ?.run(`cut -d ' ' -f 1,2 ${HOST_KEY}`, LOOK_SECONDS);
      const hostKey = answer?.code === 0 ? answer.stdout.trim() : '';
      return hostKey === '' ? [] : [{ name, address, port: 22, user: 'root', hostKey }];
    }),
  );
  return found.flat();
}

/**
 * The kubeconfig that kubeadm left on the master, for a lab that came that far and no further.
 * @throws Failure when it did not come that far
 */
export async function kubeconfigSoFar(stack: string): Promise<string> {
  const settings = readStackSettings(stack);
  const master = settings.lab.hosts.find(({ role }) => role === 'master')?.name;
  const host = (await reachableHosts(stack, settings)).find(({ name }) => name === master);
  const answer = await host?.run(`cat ${ADMIN_CONFIG}`, LOOK_SECONDS);
  if (answer?.code === 0 && answer.stdout.trim() !== '') return answer.stdout;
  throw new Failure(`stack ${stack} is not up, and has no cluster yet`, {
    advice: 'Run `./podferry up` first.',
  });
}
