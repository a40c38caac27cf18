import { mkdir } from 'node:fs/promises';
import type { Server } from 'node:net';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { collectDefaultMetrics } from 'prom-client';
import type { z } from 'zod';
import { type AgentConfig, loadConfig } from './config.ts';
import { createLogger, type Logger } from './log.ts';
import { AgentMetrics, type Measured, type Operation } from './metrics.ts';
import { AddressFiles } from './network/address-files.ts';
import { AddressTurns } from './network/address-turns.ts';
import { addressesRoute } from './network/addresses-route.ts';
import { askAddresses } from './network/ask-addresses.ts';
import { BridgedNetwork } from './network/pod-network.ts';
import { AddressTender, otherNodes } from './network/tend-addresses.ts';
import { ObservedRecords, type Standing } from './observed-records.ts';
import { preflightRoutes } from './preflight/routes.ts';
import { createAgentServer } from './server/agent-server.ts';
import { keeperRoutes } from './server/keeper-routes.ts';
import { serveLoopback } from './server/loopback-rest.ts';
import { metricsRoute } from './server/metrics-route.ts';
import { agentRoutes } from './server/routes.ts';
import { createRuntimeServer, listenAt } from './server/runtime-socket.ts';
import { RUNC_ROOT } from './source/container.ts';
import { runcContainers } from './source/containers.ts';
import { KUBELET_PODS } from './source/pod.ts';
import { checkpointDocument, sourceDocument } from './source/record.ts';
import { Sources } from './source/sources.ts';
import { HttpsTargetLink } from './source/target-link.ts';
import { LocalFolders } from './store/folders.ts';
import { KeptCheckpoints } from './store/kept-checkpoints.ts';
import { openStore } from './store/open-store.ts';
import { targetDocument } from './target/record.ts';
import { Targets } from './target/targets.ts';
import { tidy } from './tidy.ts';
import { loadTls } from './tls.ts';
import { transitions } from './transitions.ts';

/** Between two rounds of clearing away. */
const TIDY_MS = 3600_000;

/** Between two looks at addresses that were moved. */
const TEND_MS = 5000;

/** Written by node-setup: which node has which pods, and which addresses live where. */
const ROUTES_FILE = '/etc/podferry/routes';
const ADDRESSES_DIR = '/var/lib/podferry/addresses';

/** How long a stop waits for what is frozen; a longer dump is taken up by the next start. */
const STOP_LIMIT_MS = 30_000;

/** Runs the agent until it is told to stop. */
async function run(config: AgentConfig, log: Logger): Promise<void> {
  const tls = await loadTls(config.tls);
  const { stateDir, imagesDir, logDir, storeRoot } = config;
  // It is below /run, gone with each boot; how much room it has is asked before anything is put there.
  await mkdir(imagesDir, { recursive: true, mode: 0o700 });
  const store = openStore(config.store, storeRoot, tls);
  const runDir = path.dirname(config.runtimeSocket);
  const shared = { store, imagesDir, logDir, log };
  const files = new AddressFiles(ADDRESSES_DIR);
  const turns = new AddressTurns();
  const network = new BridgedNetwork(files, turns, path.join(runDir, 'network', 'links'));
  const source = { ...shared, containers: runcContainers, network };
  const connect = (id: string, url: string) => new HttpsTargetLink(id, url, tls);
  const metrics = new AgentMetrics();
  collectDefaultMetrics({ register: metrics.registry });
  const observed = observing(stateDir, metrics, log);
  const sources = new Sources(
    { ...source, connect, records: observed('move', 'moves', sourceDocument) },
    {
      ...source,
      node: config.node,
      address: config.listen.address,
      records: observed('checkpoint', 'pod-checkpoints', checkpointDocument),
    },
  );
  const targets = new Targets(
    observed('target', 'targets', targetDocument),
    store,
    network,
    { imagesDir, logDir, runDir },
    log,
  );
  metrics.countReceived(() => targets.received);
  await Promise.all([sources.load(), targets.load()]);
  const places = { imagesDir, logDir, runDir, runcRoot: RUNC_ROOT };
  const tidyUp = () => tidy(places, [...sources.unfinished(), ...targets.unfinished()]);
  await tidyUp();
  setInterval(() => {
    tidyUp().catch((error: unknown) => log.warn({ error: String(error) }, 'not tidied'));
  }, TIDY_MS);

  const tender = new AddressTender({
    own: config.listen.address,
    files,
    turns,
    routes: network,
    kubeletPods: KUBELET_PODS,
    nodes: () => otherNodes(ROUTES_FILE),
    ask: askAddresses(tls),
    log,
  });
  void tender.tendAlways(TEND_MS);

  const keeper =
    storeRoot === undefined ? [] : keeperRoutes(new LocalFolders(storeRoot), new KeptCheckpoints(storeRoot));
  const routes = [
    ...agentRoutes(config.node, sources, targets),
    ...preflightRoutes({ node: config.node, imagesDir, store, network }),
    ...keeper,
    addressesRoute(files),
    metricsRoute(metrics.registry),
  ];
  const server = createAgentServer(tls, routes, log);
  const runtime = createRuntimeServer({ sources, targets }, log);
  await Promise.all([listen(server, config), listenAt(runtime, config.runtimeSocket)]);
  const loopback = config.loopback && (await loopbackOrNot(config.loopback, tls, log));
  log.info({ listen: config.listen, store: store.kind, keeper: storeRoot !== undefined }, 'agent ready');

  await stopSignal();
  log.info('stopping');
  server.close();
  loopback?.close();
  await Promise.race([sources.idle(), new Promise((resolve) => setTimeout(resolve, STOP_LIMIT_MS).unref())]);
}

/** Makes records whose changes are counted and logged. */
function observing(stateDir: string, metrics: AgentMetrics, log: Logger) {
  return <T extends Standing & Measured>(operation: Operation, folder: string, schema: z.ZodType<T>) => {
    const told = transitions(operation, metrics, log);
    const records = new ObservedRecords(path.join(stateDir, folder), schema, told);
    metrics.watch(operation, () => records.known());
    return records;
  };
}

function listen(server: Server, { listen: { address, port } }: AgentConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
}

/** Moves do not depend on it: when its port is another program's, that is said, and the agent goes on without it. */
async function loopbackOrNot(...[settings, tls, log]: Parameters<typeof serveLoopback>) {
  return serveLoopback(settings, tls, log).catch((error: Error) => {
    log.error({ port: settings.port, error: error.message }, 'no REST API on the loopback');
    return undefined;
  });
}

function stopSignal(): Promise<unknown> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
}

const { values } = parseArgs({
  options: { config: { type: 'string', default: '/etc/podferry/agent.json' } },
});
const config = await loadConfig(values.config).catch((error: Error) => {
  process.stderr.write(`podferry-agent: ${error.message}\n`);
  process.exit(2);
});
const log = createLogger(config.node);
await run(config, log).catch((error: Error) => {
  log.fatal({ error: error.stack }, 'agent failed');
  process.exit(1);
});
process.exit(0);
