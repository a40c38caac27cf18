import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ToolchainNotBuilt } from '../../toolchain/artefacts.ts';
import { findAll } from '../../toolchain/build-all.ts';
import { cacheIn } from '../../toolchain/cache.ts';
import { goRecipes } from '../../toolchain/go-build.ts';
import { ApiClient } from './api/client.ts';
import { activeContext, parseKubeconfig } from './config/kubeconfig.ts';

/** A control plane for tests: etcd, API server and controllers on loopback; nothing runs pods. */
export interface TestCluster {
  readonly kubeconfig: string;
  readonly api: ApiClient;
  /** Ends the processes and removes their files. */
  stop(): Promise<void>;
}

/** How long the API server may take to be ready, ms. */
const startMs = 90_000;
/** The binaries that are needed, and no other part of the lab. */
type Program = 'etcd' | 'kube-apiserver' | 'kube-controller-manager';

const controllers = [
  'garbage-collector-controller',
  'namespace-controller',
  'deployment-controller',
  'replicaset-controller',
];

/**
 * Starts a control plane from the lab's own binaries, with throw-away keys, on ports that are free now.
 *
 * @throws ToolchainNotBuilt when the binaries have not been built; Error with the server's last words when it does not start.
 */
export async function startTestCluster(): Promise<TestCluster> {
  const { artefacts, missing } = await findAll(cacheIn(), goRecipes);
  const folder = await mkdtemp(join(tmpdir(), 'podferry-api-server-'));
  const processes: ChildProcess[] = [];
  const run = (name: Program, args: readonly string[]) => {
    const program = artefacts.get(name);
    if (program === undefined) throw new ToolchainNotBuilt(missing);
    const log = createWriteStream(join(folder, `${name}.log`));
    const child = spawn(program.file, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout?.pipe(log);
    child.stderr?.pipe(log);
    processes.push(child);
  };
  const stop = async () => {
    // In reverse: the API server must not outlive its store.
    for (const child of processes.reverse()) await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const [client, peer, port, controllerPort] = await freePorts(4);
    const token = await writeSecrets(folder);
    run('etcd', etcdArgs(`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`));
    run('kube-apiserver', apiServerArgs(`http://127.0.0.1:${client}`, String(port)));
    const kubeconfig = await readyKubeconfig(folder, `https://127.0.0.1:${port}`, token);
    run('kube-controller-manager', [
      '--kubeconfig=kubeconfig',
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      `--secure-port=${controllerPort}`,
      `--controllers=${controllers.join(',')}`,
    ]);
    const api = new ApiClient(activeContext(parseKubeconfig(kubeconfig), {}).credentials);
    const stopAll = async () => {
      api.close();
      await stop();
    };
    return { kubeconfig, api, stop: stopAll };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The token of a user who may do everything; keys for service accounts, which the server insists on. */
async function writeSecrets(folder: string): Promise<string> {
  const token = randomBytes(24).toString('hex');
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(join(folder, 'tokens.csv'), `${token},admin,1,"system:masters"\n`, { mode: 0o600 });
  await writeFile(join(folder, 'sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), {
    mode: 0o600,
  });
  await writeFile(join(folder, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  return token;
}

function etcdArgs(client: string, peer: string): string[] {
  return [
    '--data-dir=etcd',
    '--unsafe-no-fsync',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
  ];
}

function apiServerArgs(etcd: string, port: string): string[] {
  return [
    `--etcd-servers=${etcd}`,
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    '--cert-dir=certs',
    '--token-auth-file=tokens.csv',
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-account-key-file=sa.pub',
    '--service-account-signing-key-file=sa.key',
    '--service-cluster-ip-range=10.99.0.0/24',
    // Pods of tests have no service account, as the controller that makes them does not run.
    '--disable-admission-plugins=ServiceAccount',
  ];
}

/** Waits until the server is ready and writes a kubeconfig that trusts the certificate it has made for itself. */
async function readyKubeconfig(folder: string, server: string, token: string): Promise<string> {
  const deadline = Date.now() + startMs;
  for (;;) {
    try {
      const ca = await readFile(join(folder, 'certs/apiserver.crt'));
      const kubeconfig = formatKubeconfig(server, ca.toString('base64'), token);
      const api = new ApiClient(activeContext(parseKubeconfig(kubeconfig), {}).credentials);
      await api.once({
        method: 'GET',
        path: '/api/v1/namespaces/default',
        signal: AbortSignal.timeout(5_000),
      });
      api.close();
      await writeFile(join(folder, 'kubeconfig'), kubeconfig, { mode: 0o600 });
      return kubeconfig;
    } catch (cause) {
      if (Date.now() > deadline) {
        const log = await readFile(join(folder, 'kube-apiserver.log'), 'utf8').catch(() => 'no log');
        throw new Error(`the API server was not ready within ${startMs / 1000} s:\n${log.slice(-2000)}`, {
          cause,
        });
      }
      await sleep(250);
    }
  }
}

function formatKubeconfig(server: string, ca: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': ca } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exit;
  clearTimeout(timer);
}
