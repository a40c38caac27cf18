import type { remote } from '@pulumi/command';
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { Lab, Phase } from '../node-setup/phase.ts';
import { artefacts as artefactsPhase } from '../node-setup/phases/artefacts.ts';
import { base } from '../node-setup/phases/base.ts';
import { containerd } from '../node-setup/phases/containerd.ts';
import { controlPlane, controlPlaneOutput } from '../node-setup/phases/control-plane.ts';
import { criu } from '../node-setup/phases/criu.ts';
import { appImages, images } from '../node-setup/phases/images.ts';
import { join } from '../node-setup/phases/join.ts';
import { joinToken } from '../node-setup/phases/join-token.ts';
import { keptAddresses } from '../node-setup/phases/kept-addresses.ts';
import { kubelet } from '../node-setup/phases/kubelet.ts';
import { leavingNodes } from '../node-setup/phases/leaving-nodes.ts';
import { member } from '../node-setup/phases/member.ts';
import { podRoutes } from '../node-setup/phases/pod-routes.ts';
import { preflight } from '../node-setup/phases/preflight.ts';
import type { Artefacts } from '../toolchain/artefacts.ts';
import { type HostPhaseOptions, hostPhase } from './host-phase.ts';
import type { Host } from './lab-hosts.ts';

export interface ClusterArgs {
  lab: Lab;
  hosts: Host[];
  artefacts: Artefacts;
}

/** An `up` that was killed meets what it made itself; a `down` goes on when the cluster is gone already. */
const PROVIDER = { upsertExistingObjects: true, deleteUnreachable: true };

/** A host with what has been set up on it so far. */
export interface ClusterNode {
  host: Host;
  /** Base settings, artefacts and CRIU are there; the container runtime need not be. */
  prepared: remote.Command;
}

/** The Kubernetes cluster: every host prepared, one control plane, every worker joined and Ready. */
export class Cluster extends pulumi.ComponentResource {
  readonly nodes: ClusterNode[];
  readonly kubeconfig: pulumi.Output<string>;
  readonly apiServer: pulumi.Output<string>;
  readonly provider: k8s.Provider;
  /** Each worker's membership: the node is Ready. */
  readonly workersReady: pulumi.Resource[];
  /** Every node has the images of operator and apps. */
  readonly appImagesReady: pulumi.Resource[];
  /** Nodes that leave the lab may do so. Nothing that follows the list of hosts is changed before. */
  readonly mayLeave: pulumi.Resource;
  /** When this goes, everything inside the cluster goes with it. */
  readonly lifetime: pulumi.Resource;
  readonly #context: Pick<ClusterArgs, 'lab' | 'artefacts'>;

  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super('podferry:cluster:Cluster', name, {}, opts);
    this.#context = { lab: args.lab, artefacts: args.artefacts };
    const masterHost = args.hosts.find((host) => host.role === 'master');
    if (masterHost === undefined) throw new Error(`lab ${args.lab.name} has no master`);
    this.mayLeave = this.#phase(masterHost, leavingNodes, []);
    const master = this.#prepare(masterHost);
    const made = args.hosts.map((host) => (host === masterHost ? master : this.#prepare(host)));
    this.nodes = made.map(({ host, prepared }) => ({ host, prepared }));

    const init = this.#phase(master.host, controlPlane, [master.kubelet], { secretOutput: true });
    const control = init.stdout.apply((text) => controlPlaneOutput.parse(JSON.parse(text)));
    this.kubeconfig = pulumi.secret(control.apply(({ kubeconfig }) => kubeconfig));
    this.apiServer = pulumi.unsecret(control.apply(({ server }) => server));
    this.lifetime = init;
    this.appImagesReady = made.map(({ apps }) => apps);
    this.workersReady = made
      .filter(({ host }) => host.role === 'worker')
      .map((worker) => this.#joinWorker(worker.host, worker.kubelet, master.host, init));
    this.provider = new k8s.Provider(
      `${name}-provider`,
      { kubeconfig: this.kubeconfig, clusterIdentifier: `podferry-${args.lab.name}`, ...PROVIDER },
      { parent: this },
    );
    this.registerOutputs({ apiServer: this.apiServer });
  }

  /** Everything on a host that needs no other host. CRIU's proof and the container runtime go side by side. */
  #prepare(host: Host): Record<'prepared' | 'kubelet' | 'apps', remote.Command> & { host: Host } {
    const checked = this.#phase(host, preflight, []);
    const settled = this.#phase(host, base, [checked]);
    const verified = this.#phase(host, artefactsPhase, [settled]);
    const routes = this.#phase(host, podRoutes, [settled, this.mayLeave]);
    const proven = this.#phase(host, criu, [verified]);
    const addresses = this.#phase(host, keptAddresses, [routes]);
    const running = this.#phase(host, containerd, [verified, addresses]);
    const loaded = this.#phase(host, images, [running]);
    const apps = this.#phase(host, appImages, [loaded]);
    return { host, prepared: proven, kubelet: this.#phase(host, kubelet, [loaded]), apps };
  }

  /** The token is made and the membership watched on the master, for the worker's sake. */
  #joinWorker(worker: Host, ready: pulumi.Resource, master: Host, init: pulumi.Resource): pulumi.Resource {
    const onMaster = { on: master, about: worker };
    const lifetime = init;
    const token = this.#phase(onMaster, joinToken, [init, ready], { secretOutput: true, lifetime });
    const joined = this.#phase(worker, join, [ready], { stdin: token.stdout });
    return this.#phase(onMaster, member, [joined], { lifetime });
  }

  #phase(
    where: Host | { on: Host; about: Host },
    phase: Phase,
    dependsOn: pulumi.Resource[],
    more: Pick<HostPhaseOptions, 'stdin' | 'secretOutput' | 'lifetime'> = {},
  ): remote.Command {
    const { on, about } = 'on' in where ? where : { on: where, about: where };
    return hostPhase(on, phase, { ...this.#context, host: about }, { parent: this, dependsOn, ...more });
  }
}
