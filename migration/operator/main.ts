import { KubeConfig } from '@kubernetes/client-node';
import { pino } from 'pino';
import { collectDefaultMetrics } from 'prom-client';
import { kubeClient } from '../kube/client.ts';
import { readCredentials, tlsWire } from './agent-wire.ts';
import { runController } from './controller.ts';
import { kubeEvictionWorld } from './evictions/kube-world.ts';
import { evictionsServer } from './evictions/server.ts';
import { serveHealth } from './health.ts';
import { httpAgents } from './http-agents.ts';
import { runAsLeader } from './lease.ts';
import { OperatorMetrics } from './metrics.ts';
import { observedClient } from './observed-client.ts';
import { OPERATOR_NAME } from './post-event.ts';
import { restServer } from './rest/server.ts';
import { readSettings } from './settings.ts';

/** The operator: one of its replicas leads and reconciles; the others wait for the lease. */
async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const log = pino({
    level: settings.logLevel,
    base: { node: settings.identity },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

  const config = new KubeConfig();
  config.loadFromDefault();
  const metrics = new OperatorMetrics();
  collectDefaultMetrics({ register: metrics.registry });
  const client = observedClient(kubeClient(config), metrics);
  const credentials = readCredentials(settings.tlsDirectory);
  const agents = httpAgents(tlsWire(credentials, settings.agentPort));

  let isReady = true;
  const health = serveHealth(
    { alive: () => true, ready: () => isReady },
    metrics.registry,
    settings.healthPort,
  );
  const { dashboardDirectory } = settings;
  const rest = await restServer({ client, credentials, log, registry: metrics.registry, dashboardDirectory });
  await rest.listen({ host: '0.0.0.0', port: settings.restPort });
  const world = kubeEvictionWorld(client, settings.identity, (error) =>
    log.warn({ what: 'events', err: error }, 'lost touch with the API server'),
  );
  const evictions = evictionsServer(world, credentials, log).listen(settings.evictionsPort);
  const lease = {
    client,
    namespace: settings.namespace,
    name: OPERATOR_NAME,
    identity: settings.identity,
    onError: (error: unknown) => log.warn({ err: error }, 'lease not renewed'),
  };
  log.info({ identity: settings.identity }, 'waiting for the lease');
  await runAsLeader(lease, stop.signal, async (leading) => {
    log.info('leading');
    isReady = false;
    const { identity, limits, address } = settings;
    const onReady = () => {
      isReady = true;
      log.info('caches filled, reconciling');
    };
    await runController({ client, agents, identity, limits, address, log, metrics, onReady }, leading);
    isReady = true;
    log.info('no longer leading');
  });
  await rest.close();
  health.close();
  evictions.close();
}

await main();
