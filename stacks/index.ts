import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { redis as redisSample } from '../apps/redis/sample.ts';
import type { Sample } from '../apps/sample.ts';
import { tick as tickSample } from '../apps/tick/sample.ts';
import { Cluster } from '../components/cluster.ts';
import { LabHosts } from '../components/lab-hosts.ts';
import { Migration } from '../components/migration.ts';
import { MigrationPlatform } from '../components/migration-platform.ts';
import { SampleApp } from '../components/sample-app.ts';
import { SharedStore } from '../components/shared-store.ts';
import type { StackOutputs } from '../migration/contract/stack-outputs.ts';
import { type Artefacts, resolveArtefacts } from '../toolchain/artefacts.ts';
import { parseStackConfig } from './config.ts';
import { furtherSamples, planHosts, planLab, wantedArtefacts } from './lab-plan.ts';

const SAMPLES_NAMESPACE = 'samples';

/** The lab: hosts, cluster, store, migration platform, sample applications, and the migrations that prove it. */
async function lab(): Promise<pulumi.Inputs> {
  const config = parseStackConfig(pulumi.runtime.allConfig(), pulumi.getProject());
  const artefacts = await resolveArtefacts(wantedArtefacts(config));
  const plan = planLab(pulumi.getStack(), config);

  const hosts = new LabHosts('hosts', { stack: pulumi.getStack(), plan: planHosts(config, plan), artefacts });
  const cluster = new Cluster('cluster', { lab: plan, hosts: hosts.hosts, artefacts });
  const { nodes, mayLeave } = cluster;
  const store = new SharedStore('store', { lab: plan, nodes, mayLeave, artefacts });
  const inCluster = { providers: { kubernetes: cluster.provider } };
  const platform = new MigrationPlatform(
    'platform',
    {
      lab: plan,
      cluster,
      artefacts,
      storeReady: store.ready,
      operatorReplicas: config.operatorReplicas,
      address: config.address,
      limits: { perNode: config.migrationsPerNode, perCluster: config.migrationsPerCluster },
    },
    inCluster,
  );

  const samples = new k8s.core.v1.Namespace(
    SAMPLES_NAMESPACE,
    { metadata: { name: SAMPLES_NAMESPACE } },
    { provider: cluster.provider, deletedWith: cluster.lifetime },
  );
  const namespace = samples.metadata.name;
  const [firstWorker] = plan.hosts.filter((host) => host.role === 'worker').map((host) => host.name);
  const onCluster = {
    ...inCluster,
    dependsOn: [...platform.runtimeReady, ...cluster.workersReady, ...cluster.appImagesReady],
    deletedWith: cluster.lifetime,
  };
  const node = firstWorker as string;
  const app = (sample: Sample) =>
    new SampleApp({ namespace, sample, image: imageOf(artefacts, sample), node }, onCluster);
  const tick = app(tickSample);
  const redis = app(redisSample);
  const further = furtherSamples(config).map((sample) => [sample.name, app(sample)] as const);

  const { runId } = config;
  const migrate = (dependsOn: pulumi.Resource[]) => ({
    ...inCluster,
    dependsOn: [...platform.ready, ...dependsOn],
    deletedWith: cluster.lifetime,
  });
  const moved = new Migration(
    'tick',
    { namespace, runId, action: 'live-migration', sourcePod: tick.podName },
    migrate([tick]),
  );
  const snapshotPath = `/stack-${runId}`;
  const checkpoint = new Migration(
    'redis-checkpoint',
    { namespace, runId, action: 'checkpoint', sourcePod: redis.podName, snapshotPath },
    migrate([redis]),
  );
  const restore = new Migration(
    'redis-restore',
    {
      namespace,
      runId,
      action: 'restore',
      snapshotPath: `${snapshotPath}/redis`,
      replicas: 1,
      template: redisCopy(artefacts['image-redis.tar'].reference, runId),
    },
    migrate([checkpoint]),
  );

  const outputs: { [K in keyof StackOutputs]: pulumi.Input<unknown> } = {
    kubeconfig: cluster.kubeconfig,
    apiServer: cluster.apiServer,
    nodes: hosts.hosts.map((host) => ({
      name: host.name,
      role: host.role,
      address: host.address,
      ...(host.ipv6 && { address6: host.ipv6.address }),
      port: host.port,
      user: host.user,
      podCidr: host.podCidr,
      hostKey: host.hostKey,
    })),
    store: store.description,
    operator: platform.operator,
    rest: platform.rest,
    apps: {
      tick: described(tick),
      redis: described(redis),
      image: { tick: artefacts['image-tick.tar'].reference, redis: artefacts['image-redis.tar'].reference },
    },
    samples: Object.fromEntries(further.map(([name, sample]) => [name, described(sample)])),
    migrations: { tick: moved.outcome, checkpoint: checkpoint.outcome, restore: restore.outcome },
  };
  return outputs;
}

/** The image of a sample. @throws Error when its configuration did not ask for it */
function imageOf(artefacts: Artefacts, { name, image }: Sample): string {
  const reference = artefacts[`image-${image}.tar`]?.reference;
  if (reference === undefined) throw new Error(`The image of the sample ${name} was not asked for.`);
  return reference;
}

/** What the outputs tell of a sample application. */
function described(app: SampleApp) {
  const { namespace, podName: pod, serviceName: service, clusterIP, port } = app;
  return { namespace, pod, service, clusterIP, port };
}

/** The pod that the copy of redis is restored into. */
function redisCopy(image: string, runId: string): object {
  return {
    metadata: { name: `redis-copy-${runId}`, labels: { app: 'redis-copy' } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'redis', image, imagePullPolicy: 'Never' }],
    },
  };
}

export default lab;
