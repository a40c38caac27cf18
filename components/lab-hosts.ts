import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as command from '@pulumi/command';
import * as pulumi from '@pulumi/pulumi';
import { cacheDir, stackPaths } from '../cli/paths.ts';
import { ARTEFACT_DIR } from '../node-setup/paths.ts';
import type { LabHost } from '../node-setup/phase.ts';
import { artefactsToSend } from '../node-setup/phases/artefacts.ts';
import { podmanHost, podmanHostOutput } from '../node-setup/podman-hosts/host.ts';
import { machineSettings } from '../node-setup/podman-hosts/machine.ts';
import { network } from '../node-setup/podman-hosts/network.ts';
import type { LocalScripts } from '../node-setup/podman-hosts/podman.ts';
import { sshKey, sshKeyOutput } from '../node-setup/podman-hosts/ssh-key.ts';
import type { Artefacts } from '../toolchain/artefacts.ts';
import { hostImageReference } from '../toolchain/host-image.ts';

/** A machine of the site's own, and how to get in. */
export interface OwnHost extends LabHost {
  port: number;
  user: string;
  /** Path of the private key on this machine. */
  keyFile: string;
  hostKey: string;
}

/** How the lab's hosts are come by. */
export type HostSource =
  | { kind: 'podman'; subnets: readonly string[]; hosts: readonly LabHost[]; image?: string }
  | { kind: 'ssh'; hosts: readonly OwnHost[] };

export interface LabHostsArgs {
  stack: string;
  plan: HostSource;
  artefacts: Artefacts;
}

/** A host that answers on SSH and has the artefacts it needs; from here on nobody asks where it came from. */
export interface Host extends LabHost {
  port: number;
  user: string;
  hostKey: pulumi.Output<string>;
  connection: pulumi.Input<command.types.input.remote.ConnectionArgs>;
  /** What must exist before anything is done on the host. */
  ready: pulumi.Resource[];
  /** The resource that is the machine itself: what is done on it need not be undone when it goes. */
  lifetime?: pulumi.Resource;
}

/** SSH gives up on a host after this many tries of this many seconds: within 15 s, with what lies between. */
const DIAL = { dialErrorLimit: 3, perDialTimeout: 4 };

/** The lab's hosts: containers that podman runs here, or machines of the site's own. */
export class LabHosts extends pulumi.ComponentResource {
  readonly hosts: Host[];

  constructor(name: string, args: LabHostsArgs, opts?: pulumi.ComponentResourceOptions) {
    super('podferry:hosts:LabHosts', name, {}, opts);
    const { plan } = args;
    this.hosts =
      plan.kind === 'podman'
        ? this.#podmanHosts(args, plan)
        : plan.hosts.map((host) => this.#ownHost(host, args));
    this.registerOutputs({ names: this.hosts.map((host) => host.name) });
  }

  #podmanHosts({ stack, artefacts }: LabHostsArgs, plan: HostSource & { kind: 'podman' }): Host[] {
    const machine = this.#local('machine-settings', machineSettings(stack));
    const net = this.#local('network', network(stack, plan.subnets), [machine]);
    const key = this.#local('ssh-key', sshKey(stack, stackPaths(stack).sshDir), [], true);
    const pair = key.stdout.apply((text) => sshKeyOutput.parse(JSON.parse(text)));
    const publicKey = pulumi.unsecret(pair.apply((keys) => keys.publicKey));
    const privateKey = pulumi.secret(pair.apply((keys) => keys.privateKey));
    const [subnet = '', subnet6 = ''] = plan.subnets;
    const image = plan.image ?? hostImageReference(artefacts['host-root.tar']);
    return plan.hosts.map((host) => {
      const { name, role, address, ipv6 } = host;
      const artefactFolder = join(cacheDir(), 'artefacts');
      const scripts = publicKey.apply((text) =>
        podmanHost({
          stack,
          name,
          role,
          address,
          subnet,
          image,
          artefactFolder,
          publicKey: text,
          ...(ipv6 && { ipv6: { address: ipv6.address, subnet: subnet6 } }),
        }),
      );
      const container = this.#local(name, scripts, [net]);
      const hostKey = container.stdout.apply((text) => podmanHostOutput.parse(JSON.parse(text)).hostKey);
      const connection = { host: address, port: 22, user: 'root', privateKey, hostKey, ...DIAL };
      return {
        ...host,
        port: 22,
        user: 'root',
        hostKey,
        connection,
        ready: [container],
        lifetime: container,
      };
    });
  }

  /** A script on this machine. Its update is its create, the same idempotent text, unless it says otherwise. */
  #local(
    name: string,
    scripts: pulumi.Input<LocalScripts>,
    dependsOn: pulumi.Resource[] = [],
    secret = false,
  ) {
    const text = pulumi.output(scripts);
    return new command.local.Command(
      name,
      {
        create: text.create,
        update: text.apply(({ create, update }) => update ?? create),
        delete: text.delete,
        logging: command.local.Logging.None,
      },
      { parent: this, dependsOn, ...(secret ? { additionalSecretOutputs: ['stdout'] } : {}) },
    );
  }

  #ownHost(own: OwnHost, { artefacts }: LabHostsArgs): Host {
    const { keyFile, hostKey, ...host } = own;
    const privateKey = pulumi.secret(readFileSync(keyFile, 'utf8'));
    const connection = { host: host.address, port: host.port, user: host.user, privateKey, hostKey, ...DIAL };
    const asRoot = host.user === 'root' ? '' : 'sudo -n ';
    const folder = new command.remote.Command(
      `${host.name}-artefact-folder`,
      {
        connection,
        create: `${asRoot}install -d -m 755 -o "$(id -u)" ${ARTEFACT_DIR}`,
        delete: `${asRoot}rm -rf ${ARTEFACT_DIR}; ${asRoot}rmdir ${ARTEFACT_DIR.replace(/\/[^/]*$/, '')} 2>/dev/null || true`,
      },
      { parent: this },
    );
    const copies = artefactsToSend(host, artefacts).map(({ sha256, name, file }) => {
      return new command.remote.CopyToRemote(
        `${host.name}-copy-${name}`,
        {
          connection,
          source: new pulumi.asset.FileAsset(file),
          remotePath: `${ARTEFACT_DIR}/${sha256}-${name}`,
          triggers: [sha256],
        },
        { parent: this, dependsOn: folder },
      );
    });
    return { ...host, hostKey: pulumi.output(hostKey), connection, ready: [folder, ...copies] };
  }
}
