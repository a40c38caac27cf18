import type { remote } from '@pulumi/command';
import * as pulumi from '@pulumi/pulumi';
import type { StackOutputs } from '../migration/contract/stack-outputs.ts';
import { STORE_EXPORT } from '../node-setup/paths.ts';
import type { Lab } from '../node-setup/phase.ts';
import { storeCheck } from '../node-setup/phases/store-check.ts';
import { storeClient, storeClientOutput } from '../node-setup/phases/store-client.ts';
import { storeServer } from '../node-setup/phases/store-server.ts';
import type { Artefacts } from '../toolchain/artefacts.ts';
import type { ClusterNode } from './cluster.ts';
import { hostPhase } from './host-phase.ts';

export interface SharedStoreArgs {
  lab: Lab;
  nodes: ClusterNode[];
  /** Nodes that leave the lab may do so: they cannot use the store any more. */
  mayLeave: pulumi.Resource;
  artefacts: Artefacts;
}

/** Where checkpoints live: an NFS server on the master, written and read by every node. */
export class SharedStore extends pulumi.ComponentResource {
  /** Every node has written to the store and read from it. */
  readonly ready: remote.Command[];
  readonly description: pulumi.Output<StackOutputs['store']>;

  constructor(
    name: string,
    { lab, nodes, mayLeave, artefacts }: SharedStoreArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super('podferry:store:SharedStore', name, {}, opts);
    const master = nodes.find(({ host }) => host.role === 'master');
    if (master === undefined) throw new Error(`lab ${lab.name} has no master`);
    const phase = { lab, artefacts };
    const server = hostPhase(
      master.host,
      storeServer,
      { ...phase, host: master.host },
      { parent: this, dependsOn: [master.prepared, mayLeave] },
    );
    const clients = nodes.map(({ host, prepared }) =>
      hostPhase(host, storeClient, { ...phase, host }, { parent: this, dependsOn: [prepared, server] }),
    );
    this.ready = nodes.map(({ host }) =>
      hostPhase(host, storeCheck, { ...phase, host }, { parent: this, dependsOn: clients }),
    );
    const kinds = pulumi.all(
      clients.map(({ stdout }) => stdout.apply((text) => storeClientOutput.parse(JSON.parse(text)).kind)),
    );
    this.description = kinds.apply((all): StackOutputs['store'] => ({
      server: master.host.address,
      export: STORE_EXPORT,
      kind: all.every((kind) => kind === 'mount') ? 'mount' : 'libnfs',
    }));
    this.registerOutputs({ description: this.description });
  }
}
