import { createHash } from 'node:crypto';
import type { remote } from '@pulumi/command';
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { AddressChoice } from '../migration/contract/agent-api.ts';
import { RUNTIME_CLASS } from '../migration/contract/annotations.ts';
import { podmigrationCrd } from '../migration/contract/crd.ts';
import { EVICTIONS_SERVICE } from '../migration/contract/evictions.ts';
import { podCheckpointCrd } from '../migration/contract/podcheckpoint-crd.ts';
import { REST_NODE_PORT, REST_SERVICE } from '../migration/contract/rest.ts';
import type { StackOutputs } from '../migration/contract/stack-outputs.ts';
import { evictionsServiceSpec, evictionsWebhook } from '../migration/operator/evictions/manifests.ts';
import { evictionsPath } from '../migration/operator/evictions/path.ts';
import { unjudgedBindings, unjudgedPolicy } from '../migration/operator/evictions/unjudged.ts';
import { reservedNamesBinding, reservedNamesPolicy } from '../migration/operator/held-move/reserved-names.ts';
import {
  clusterRules,
  leaseRules,
  OPERATOR_DEPLOYMENT,
  OPERATOR_NAMESPACE,
  OPERATOR_SERVICE_ACCOUNT,
  operatorDeploymentSpec,
  restServiceSpec,
} from '../migration/operator/manifests.ts';
import type { Limits } from '../migration/operator/slots.ts';
import { userRoles } from '../migration/operator/user-roles.ts';
import type { Lab, Phase } from '../node-setup/phase.ts';
import { agent } from '../node-setup/phases/agent.ts';
import { agentCa } from '../node-setup/phases/agent-ca.ts';
import { agentCert } from '../node-setup/phases/agent-cert.ts';
import { agentKey } from '../node-setup/phases/agent-key.ts';
import { operatorCert, operatorCertOutput } from '../node-setup/phases/operator-cert.ts';
import type { Artefacts } from '../toolchain/artefacts.ts';
import type { Cluster } from './cluster.ts';
import { type HostPhaseOptions, hostPhase } from './host-phase.ts';
import type { Host } from './lab-hosts.ts';

export interface MigrationPlatformArgs {
  lab: Lab;
  cluster: Cluster;
  artefacts: Artefacts;
  /** The store works from every node. */
  storeReady: pulumi.Resource[];
  operatorReplicas: number;
  /** How many live migrations may be under way at once. */
  limits: Limits;
  /** What becomes of a pod's address when its migration does not say. */
  address: AddressChoice;
}

/** What moves pods: the agents with their certificates, the operator, its custom resource and the runtime class. */
export class MigrationPlatform extends pulumi.ComponentResource {
  /** Migrations can be asked for. */
  readonly ready: pulumi.Resource[];
  /** Pods can name the runtime class. */
  readonly runtimeReady: pulumi.Resource[];
  readonly operator: StackOutputs['operator'];
  readonly rest: { url: string; ca: pulumi.Output<string> };
  readonly #args: MigrationPlatformArgs;
  readonly #inCluster: pulumi.CustomResourceOptions;

  constructor(name: string, args: MigrationPlatformArgs, opts?: pulumi.ComponentResourceOptions) {
    super('podferry:migration:MigrationPlatform', name, {}, opts);
    this.#args = args;
    const { provider, lifetime, nodes } = args.cluster;
    this.#inCluster = { parent: this, provider, deletedWith: lifetime };
    const master = nodes.find(({ host }) => host.role === 'master');
    if (master === undefined) throw new Error(`lab ${args.lab.name} has no master`);

    const authority = this.#phase(master.host, agentCa, [master.prepared]);
    const agents = nodes.map(({ host, prepared }) => this.#agent(host, master.host, [prepared, authority]));
    const credentials = this.#phase(master.host, operatorCert, [authority], { secretOutput: true });

    const crds = Object.entries({ podmigrations: podmigrationCrd, podcheckpoints: podCheckpointCrd }).map(
      ([plural, { metadata, spec }]) =>
        new k8s.apiextensions.v1.CustomResourceDefinition(plural, { metadata, spec }, this.#inCluster),
    );
    const runtimeClass = new k8s.node.v1.RuntimeClass(
      RUNTIME_CLASS,
      { metadata: { name: RUNTIME_CLASS }, handler: RUNTIME_CLASS },
      this.#inCluster,
    );
    const reserved = this.#reservedNames(crds);
    const deployment = this.#operator(credentials, [...crds, ...reserved, ...args.cluster.appImagesReady]);
    const service = this.#restService(deployment);
    const evictions = this.#evictions(credentials, deployment);
    this.ready = [...agents, deployment, service, ...evictions, ...this.#userRoles()];
    this.runtimeReady = [runtimeClass];
    this.operator = {
      namespace: OPERATOR_NAMESPACE,
      deployment: OPERATOR_DEPLOYMENT,
      replicas: args.operatorReplicas,
    };
    this.rest = {
      url: `https://${master.host.address}:${REST_NODE_PORT}/`,
      ca: pulumi.unsecret(credentials.stdout.apply((text) => operatorCertOutput.parse(JSON.parse(text)).ca)),
    };
    this.registerOutputs({ operator: this.operator });
  }

  /** The agent's key stays on its node: the master only gets to see the request that it signs. */
  #agent(host: Host, master: Host, dependsOn: pulumi.Resource[]): pulumi.Resource {
    const key = this.#phase(host, agentKey, dependsOn);
    const cert = this.#phase({ on: master, about: host }, agentCert, [], { stdin: key.stdout });
    return this.#phase(host, agent, this.#args.storeReady, { stdin: cert.stdout });
  }

  #reservedNames(dependsOn: pulumi.Resource[]): pulumi.Resource[] {
    const { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } = k8s.admissionregistration.v1;
    const policy = new ValidatingAdmissionPolicy('reserved-names', reservedNamesPolicy, {
      ...this.#inCluster,
      dependsOn,
    });
    const binding = new ValidatingAdmissionPolicyBinding('reserved-names', reservedNamesBinding, {
      ...this.#inCluster,
      dependsOn: policy,
    });
    return [policy, binding];
  }

  /** Namespace, account, rights, credentials and the operator itself. */
  #operator(credentials: remote.Command, dependsOn: pulumi.Resource[]): k8s.apps.v1.Deployment {
    const system = new k8s.core.v1.Namespace(
      OPERATOR_NAMESPACE,
      { metadata: { name: OPERATOR_NAMESPACE } },
      this.#inCluster,
    );
    const namespace = system.metadata.name;
    const metadata = { name: OPERATOR_SERVICE_ACCOUNT, namespace };
    const account = new k8s.core.v1.ServiceAccount(OPERATOR_SERVICE_ACCOUNT, { metadata }, this.#inCluster);
    const subjects = [{ kind: 'ServiceAccount', name: OPERATOR_SERVICE_ACCOUNT, namespace }];
    const everywhere = new k8s.rbac.v1.ClusterRole(
      OPERATOR_SERVICE_ACCOUNT,
      { metadata: { name: OPERATOR_SERVICE_ACCOUNT }, rules: clusterRules },
      this.#inCluster,
    );
    const rights = new k8s.rbac.v1.ClusterRoleBinding(
      OPERATOR_SERVICE_ACCOUNT,
      {
        metadata: { name: OPERATOR_SERVICE_ACCOUNT },
        roleRef: {
          apiGroup: 'rbac.authorization.k8s.io',
          kind: 'ClusterRole',
          name: everywhere.metadata.name,
        },
        subjects,
      },
      this.#inCluster,
    );
    const here = new k8s.rbac.v1.Role(
      OPERATOR_SERVICE_ACCOUNT,
      { metadata, rules: leaseRules },
      this.#inCluster,
    );
    const leases = new k8s.rbac.v1.RoleBinding(
      OPERATOR_SERVICE_ACCOUNT,
      {
        metadata,
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: here.metadata.name },
        subjects,
      },
      this.#inCluster,
    );
    const pems = credentials.stdout.apply((text) => operatorCertOutput.parse(JSON.parse(text)));
    const tls = new k8s.core.v1.Secret(
      `${OPERATOR_SERVICE_ACCOUNT}-tls`,
      {
        metadata: { name: `${OPERATOR_SERVICE_ACCOUNT}-tls`, namespace },
        stringData: pulumi.secret(
          pems.apply(({ key, cert, ca }) => ({ 'tls.key': key, 'tls.crt': cert, 'ca.crt': ca })),
        ),
      },
      this.#inCluster,
    );
    const secretVersion = pulumi.unsecret(
      pems.apply(({ cert }) => createHash('sha256').update(cert).digest('hex').slice(0, 16)),
    );
    const { artefacts, operatorReplicas: replicas, limits, address } = this.#args;
    const image = artefacts['image-operator.tar'].reference;
    return new k8s.apps.v1.Deployment(
      OPERATOR_DEPLOYMENT,
      {
        metadata: { name: OPERATOR_DEPLOYMENT, namespace },
        spec: secretVersion.apply((version) =>
          operatorDeploymentSpec({
            image,
            replicas,
            limits,
            address,
            secretName: `${OPERATOR_SERVICE_ACCOUNT}-tls`,
            secretVersion: version,
          }),
        ),
      },
      { ...this.#inCluster, dependsOn: [...dependsOn, account, rights, leases, tls] },
    );
  }

  /** What users of the cluster may do with migrations, as part of Kubernetes' own roles. */
  #userRoles(): pulumi.Resource[] {
    return userRoles.map((role) => new k8s.rbac.v1.ClusterRole(role.metadata.name, role, this.#inCluster));
  }

  /** The way to the REST API. */
  #restService(deployment: k8s.apps.v1.Deployment): k8s.core.v1.Service {
    return new k8s.core.v1.Service(
      REST_SERVICE,
      { metadata: { name: REST_SERVICE, namespace: deployment.metadata.namespace }, spec: restServiceSpec },
      { ...this.#inCluster, dependsOn: deployment },
    );
  }

  /** Has evictions ask the operator first; registered when there is somebody to ask. */
  #evictions(credentials: remote.Command, deployment: k8s.apps.v1.Deployment): pulumi.Resource[] {
    const service = new k8s.core.v1.Service(
      EVICTIONS_SERVICE,
      {
        metadata: { name: EVICTIONS_SERVICE, namespace: deployment.metadata.namespace },
        spec: evictionsServiceSpec,
      },
      this.#inCluster,
    );
    const registration = credentials.stdout.apply((text) => {
      const { ca, key } = operatorCertOutput.parse(JSON.parse(text));
      return evictionsWebhook(ca, evictionsPath(key));
    });
    const { MutatingWebhookConfiguration, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } =
      k8s.admissionregistration.v1;
    const webhook = new MutatingWebhookConfiguration(
      EVICTIONS_SERVICE,
      { metadata: registration.metadata, webhooks: registration.webhooks },
      { ...this.#inCluster, dependsOn: [service, deployment] },
    );
    // Before the webhook is there nothing is judged, and nothing that opted in could be evicted.
    const policy = new ValidatingAdmissionPolicy('unjudged-evictions', unjudgedPolicy, {
      ...this.#inCluster,
      dependsOn: webhook,
    });
    const bindings = unjudgedBindings.map(
      (binding) =>
        new ValidatingAdmissionPolicyBinding(binding.metadata.name, binding, {
          ...this.#inCluster,
          dependsOn: policy,
        }),
    );
    return [webhook, policy, ...bindings];
  }

  #phase(
    where: Host | { on: Host; about: Host },
    phase: Phase,
    dependsOn: pulumi.Resource[],
    more: Pick<HostPhaseOptions, 'stdin' | 'secretOutput'> = {},
  ): remote.Command {
    const { on, about } = 'on' in where ? where : { on: where, about: where };
    const { lab, artefacts } = this.#args;
    return hostPhase(on, phase, { lab, artefacts, host: about }, { parent: this, dependsOn, ...more });
  }
}
