import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { podmigration } from '../../contract/podmigration.ts';
import { agentsServer } from './agents-server.ts';
import { FakeApiServer } from './api-server.ts';
import { FakeMoves } from './fake-moves.ts';
import { Kubelets } from './kubelets.ts';
import { type ClusterSize, type FromCluster, toCluster } from './messages.ts';
import { ObjectStore } from './object-store.ts';
import { askForMigrations, MIGRATIONS, nodeName, populate } from './populate.ts';

/** A process that is a whole cluster, as far as its operator can tell. */

/** What an API server near by takes: etcd makes writes durable. */
const API_DELAYS = { read: 2, write: 8 };
/** What is seen of the real ones on a cluster that has little else to do. */
const AGENT_DELAYS = { preflight: 100, move: 300, release: 20 };
const CLUSTER_DELAYS = { schedule: 50, sandbox: 600, ready: 500, remove: 700 };

function serve(size: ClusterSize): void {
  const store = new ObjectStore();
  populate(store, size);
  const names = Array.from({ length: size.nodes }, (_, index) => nodeName(index));
  const moves = new FakeMoves(AGENT_DELAYS);
  new Kubelets(store, moves, CLUSTER_DELAYS, names);
  const api = new FakeApiServer(store, API_DELAYS);
  const agents = agentsServer(moves);
  process.on('message', (message) => {
    if (toCluster.parse(message).kind === 'migrate') migrate(store, api, size);
  });
  void Promise.all([listen(api.server), listen(agents)]).then(([apiUrl, agentsUrl]) =>
    tell({ kind: 'made', apiUrl, agentsUrl }),
  );
}

/** Asks for all migrations at once and tells when the last one is over. */
function migrate(store: ObjectStore, api: FakeApiServer, size: ClusterSize): void {
  const began = performance.now();
  const before = { served: new Map(api.served), refused: new Map(api.refused) };
  const states = new Map<string, string>();
  const failures = new Set<string>();
  store.watch(MIGRATIONS, Number(store.version), ({ object }) => {
    const { metadata, status } = podmigration.parse(object);
    if (status.state !== 'Succeeded' && status.state !== 'Failed') return;
    if (states.get(metadata.uid) === status.state) return;
    states.set(metadata.uid, status.state);
    if (status.error) failures.add(`${status.error.step}: ${status.error.message}`);
    if (states.size < size.migrations) return;
    tell({
      kind: 'over',
      seconds: (performance.now() - began) / 1000,
      succeeded: [...states.values()].filter((state) => state === 'Succeeded').length,
      failures: [...failures],
      requests: since(before.served, api.served),
      refusals: since(before.refused, api.refused),
    });
  });
  askForMigrations(store, size);
}

function since(before: Map<string, number>, now: Map<string, number>): Record<string, number> {
  const grown = [...now].map(([key, count]): [string, number] => [key, count - (before.get(key) ?? 0)]);
  return Object.fromEntries(grown.filter(([, count]) => count > 0));
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function tell(message: FromCluster): void {
  process.send?.(message);
}

process.once('message', (message) => {
  const first = toCluster.parse(message);
  if (first.kind !== 'make') throw new Error(`a cluster has to be made before it can ${first.kind}`);
  serve(first.size);
});
// Whoever started this has ended: nobody is left to measure for.
process.once('disconnect', () => process.exit(0));
