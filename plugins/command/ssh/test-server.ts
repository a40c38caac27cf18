import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { type AddressInfo, connect } from 'node:net';
import ssh2, { type AuthContext, type Connection as ServerConnection, type Session } from 'ssh2';
import { makeTestKeys } from './test-keys.ts';
import { serveFiles } from './test-sftp.ts';

/** An SSH server in this process, for tests: runs what it is asked to with `sh -c` on this machine. */
export interface TestServer {
  readonly port: number;
  /** Public host key, as a known_hosts line has it. */
  readonly hostKey: string;
  /** A private key that the server accepts for any user. */
  readonly privateKey: string;
  readonly password: string;
  /** Environment variables that it takes. */
  readonly acceptEnv: Set<string>;
  /** Connections made so far, and the most command channels that were open at once. */
  readonly seen: { connections: number; channels: number; mostChannels: number };
  /** Breaks every open connection without a word. */
  dropConnections(): void;
  close(): Promise<void>;
}

/** What OpenSSH allows in one connection if nothing else is configured. */
const maxSessions = 10;

export async function startTestServer(): Promise<TestServer> {
  const hostKeys = makeTestKeys();
  const userKeys = makeTestKeys();
  const password = randomBytes(16).toString('hex');
  const connections = new Set<ServerConnection>();
  const acceptEnv = new Set<string>();
  const seen = { connections: 0, channels: 0, mostChannels: 0 };
  const server = new ssh2.Server({ hostKeys: [hostKeys.private] }, (connection) => {
    connections.add(connection);
    seen.connections++;
    connection.on('error', () => undefined);
    connection.on('close', () => connections.delete(connection));
    connection.on('authentication', (context) => authenticate(context, userKeys.public, password));
    connection.on('tcpip', (accept, _reject, { destIP, destPort }) => {
      const channel = accept();
      const socket = connect(destPort, destIP);
      socket.on('error', () => channel.close());
      channel.on('error', () => socket.destroy());
      channel.pipe(socket).pipe(channel);
    });
    connection.on('session', (accept, reject) => {
      if (seen.channels >= maxSessions) reject();
      else serveSession(accept(), acceptEnv, seen);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const dropConnections = (): void => {
    for (const connection of connections)
      (connection as unknown as { _sock: { destroy(): void } })._sock.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    hostKey: hostKeys.public,
    privateKey: userKeys.private,
    password,
    acceptEnv,
    seen,
    dropConnections,
    close: async () => {
      dropConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function authenticate(context: AuthContext, publicKey: string, password: string): void {
  const allowed = ssh2.utils.parseKey(publicKey);
  if (allowed instanceof Error) throw allowed;
  if (context.method === 'password' && context.password === password) {
    context.accept();
    return;
  }
  if (context.method === 'publickey' && context.key.data.equals(allowed.getPublicSSH())) {
    const { blob, signature, hashAlgo } = context;
    // Without a signature the client only asks whether the key would do.
    if (blob === undefined || signature === undefined || allowed.verify(blob, signature, hashAlgo) === true) {
      context.accept();
      return;
    }
  }
  context.reject(['publickey', 'password']);
}

function serveSession(session: Session, acceptEnv: Set<string>, seen: TestServer['seen']): void {
  const env: Record<string, string> = {};
  session.on('env', (accept, reject, info) => {
    if (!acceptEnv.has(info.key)) {
      reject?.();
      return;
    }
    env[info.key] = (info as unknown as { val: string }).val;
    accept?.();
  });
  session.on('sftp', (accept) => serveFiles(accept()));
  session.on('exec', (accept, _reject, info) => {
    const channel = accept();
    seen.channels++;
    seen.mostChannels = Math.max(seen.mostChannels, seen.channels);
    const child = spawn('/bin/sh', ['-c', info.command], { env: { ...process.env, ...env }, detached: true });
    channel.pipe(child.stdin);
    child.stdin.on('error', () => undefined);
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    child.on('close', (code, signal) => {
      seen.channels--;
      if (signal === null) channel.exit(code ?? 255);
      else channel.exit(signal.slice(3));
      channel.end();
    });
    channel.on('error', () => undefined);
  });
}
