import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { podmanLines } from '../checks/read-stacks.ts';
import { stackPaths } from '../paths.ts';
import { type Captured, capture } from '../programs.ts';
import { sshArguments } from '../ssh-arguments.ts';
import type { StackSettings } from '../stack-settings.ts';

/** A host that evidence can be had from, whether or not the lab on it works. */
export interface ReachableHost {
  name: string;
  run(script: string, timeoutSeconds: number): Promise<Captured>;
}

/** The hosts as far as they are there: containers by their label, own hosts by the stack's configuration. */
export async function reachableHosts(stack: string, { config }: StackSettings): Promise<ReachableHost[]> {
  if (config.hosts !== 'podman') return config.hosts.map(ownHost);
  const names = await podmanLines([
    ...['ps', '--filter', `label=podferry.stack=${stack}`, '--format', '{{.Names}}'],
  ]);
  return names.map((container) => ({
    name: container.startsWith(`${stack}-`) ? container.slice(stack.length + 1) : container,
    // Not over SSH: sshd may be what is broken.
    run: (script, timeoutSeconds) =>
      capture('podman', ['--cgroup-manager=cgroupfs', 'exec', container, 'sh', '-c', script], {
        timeoutSeconds,
      }),
  }));
}

type OwnHost = Exclude<StackSettings['config']['hosts'], 'podman'>[number];

function ownHost(host: OwnHost): ReachableHost {
  return {
    name: host.name,
    async run(script, timeoutSeconds) {
      const dir = mkdtempSync(join(tmpdir(), 'podferry-evidence-'));
      try {
        const knownHosts = join(dir, 'known_hosts');
        const address = host.port === 22 ? host.address : `[${host.address}]:${host.port}`;
        writeFileSync(knownHosts, `${address} ${host.hostKey}\n`);
        const asRoot = host.user === 'root' ? ['sh', '-c', script] : ['sudo', '-n', 'sh', '-c', script];
        return await capture('ssh', sshArguments(host, host.key, knownHosts, asRoot), { timeoutSeconds });
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
  };
}

/** The kubeconfig that `up` wrote, if it got that far. */
export function clusterConfig(stack: string): string | undefined {
  const { kubeconfig } = stackPaths(stack);
  return existsSync(kubeconfig) ? kubeconfig : undefined;
}
