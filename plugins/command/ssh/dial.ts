import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, NodeSSH } from 'node-ssh';
import type { Client, ClientErrorExtensions, ConnectConfig } from 'ssh2';
import type { Context } from '../../protocol/provider.ts';
import type { Connection, Endpoint } from '../inputs.ts';
import { fingerprintOf, type PinnedKey, parsePinnedKey } from './host-key.ts';

/** Pause before the second attempt (ms); grows by half each time, up to the longest. */
const firstPause = 100;
const longestPause = 5_000;
/** A connection whose other end says nothing for three such intervals is dead (ms). */
const keepaliveInterval = 10_000;
/** Everyone who uses a connection watches its end; more than these would be a leak. */
const watchers = 64;

/** A failure that another attempt cannot mend, such as a wrong host key. */
class PermanentDialError extends Error {
  override readonly name = 'PermanentDialError';
}

/** `10.0.0.2:22`, `[fd00::2]:22`. */
export function addressOf(endpoint: { host: string; port: number }): string {
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  return `${host}:${endpoint.port}`;
}

/**
 * Opens an SSH connection, through the proxy if there is one.
 * @throws Error naming address, port and cause once `dialErrorLimit` attempts have failed, and at once when another
 *   attempt cannot help (wrong host key, unreadable private key) or the signal is aborted.
 */
export async function dial(connection: Connection, context: Context): Promise<Client> {
  if (connection.proxy === undefined) {
    return withRetries(connection, context, () => attempt(connection, {}, context.signal));
  }
  const { proxy } = connection;
  const through = await withRetries(proxy, context, () => attempt(proxy, {}, context.signal));
  try {
    const client = await withRetries(connection, context, async () => {
      const sock = await forward(through, connection);
      return attempt(connection, { sock }, context.signal);
    });
    client.on('close', () => through.end());
    return client;
  } catch (error) {
    through.end();
    throw new Error(`through proxy ${addressOf(proxy)}: ${(error as Error).message}`, { cause: error });
  }
}

async function withRetries(
  endpoint: Endpoint,
  context: Context,
  connect: () => Promise<Client>,
): Promise<Client> {
  const address = addressOf(endpoint);
  for (let failures = 1, pause = firstPause; ; failures++, pause = Math.min(pause * 1.5, longestPause)) {
    context.signal.throwIfAborted();
    try {
      return await connect();
    } catch (error) {
      context.signal.throwIfAborted();
      const cause = error as Error;
      if (cause instanceof PermanentDialError) {
        throw new Error(`cannot connect to ${address}: ${cause.message}`, { cause });
      }
      if (endpoint.dialErrorLimit >= 0 && failures > endpoint.dialErrorLimit) {
        throw new Error(`cannot connect to ${address}: ${cause.message} (after ${failures} attempts)`, {
          cause,
        });
      }
      const limit = endpoint.dialErrorLimit < 0 ? '' : ` of ${endpoint.dialErrorLimit + 1}`;
      context.log('info', `connecting to ${address}, attempt ${failures}${limit} failed: ${cause.message}`, {
        status: true,
      });
      await sleep(pause, undefined, { signal: context.signal }).catch(() => undefined);
    }
  }
}

/** One attempt; the client is closed again unless it became ready. */
async function attempt(
  endpoint: Endpoint,
  transport: Pick<ConnectConfig, 'sock'>,
  signal: AbortSignal,
): Promise<Client> {
  const pinned = endpoint.hostKey === undefined ? undefined : readPinnedKey(endpoint.hostKey);
  const shown: { key?: Buffer } = {};
  const ssh = new NodeSSH();
  const ready = ssh.connect({ ...configOf(endpoint, pinned, shown), ...transport });
  // made before `connect` first waits
  const client = ssh.connection;
  const abort = (): void => void client?.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await ready;
  } catch (error) {
    client?.destroy();
    signal.throwIfAborted();
    throw explain(error as Error, pinned, shown.key);
  } finally {
    signal.removeEventListener('abort', abort);
  }
  if (client === null) throw new Error('the server closed the connection as soon as it was ready');
  client.setMaxListeners(watchers);
  // Errors of a connection that was ready are followed by `close`, which every user of it watches.
  client.on('error', () => undefined);
  return client;
}

function readPinnedKey(hostKey: string): PinnedKey {
  try {
    return parsePinnedKey(hostKey);
  } catch (error) {
    throw new PermanentDialError((error as Error).message, { cause: error });
  }
}

function configOf(endpoint: Endpoint, pinned: PinnedKey | undefined, shown: { key?: Buffer }): Config {
  const agent = endpoint.agentSocketPath ?? process.env.SSH_AUTH_SOCK;
  return {
    host: endpoint.host,
    port: endpoint.port,
    username: endpoint.user,
    readyTimeout: endpoint.perDialTimeout * 1000,
    keepaliveInterval,
    keepaliveCountMax: 3,
    ...(endpoint.password === undefined ? {} : answerPrompts(endpoint.password)),
    hostVerifier: (key: Buffer) => {
      shown.key = key;
      return pinned?.matches(key) ?? true;
    },
    ...(pinned === undefined ? {} : { algorithms: { serverHostKey: pinned.algorithms } }),
    ...(endpoint.privateKey === undefined ? {} : { privateKey: endpoint.privateKey }),
    ...(endpoint.privateKeyPassword === undefined ? {} : { passphrase: endpoint.privateKeyPassword }),
    ...(endpoint.password === undefined ? {} : { password: endpoint.password }),
    ...(agent === undefined || agent === '' ? {} : { agent }),
  };
}

/** A server that asks in prompts gets the password for each. */
function answerPrompts(password: string): Pick<Config, 'tryKeyboard' | 'onKeyboardInteractive'> {
  return {
    tryKeyboard: true,
    onKeyboardInteractive: (_name, _instructions, _language, prompts, finish) =>
      finish(prompts.map(() => password)),
  };
}

/** Says in the user's words what ssh2 says in its own. */
function explain(
  error: Error & Partial<ClientErrorExtensions> & { code?: string },
  pinned: PinnedKey | undefined,
  shown: Buffer | undefined,
): Error {
  if (pinned !== undefined && shown !== undefined && !pinned.matches(shown)) {
    return new PermanentDialError(
      `the host key is not the pinned one: expected ${pinned.fingerprint}, the server has ${fingerprintOf(shown)}; ` +
        'the host was reinstalled, or something else answers at its address',
      { cause: error },
    );
  }
  if (pinned !== undefined && error.message.includes('no matching host key format')) {
    return new PermanentDialError(
      `the server has no host key of the pinned kind (${pinned.fingerprint}): the host was reinstalled, or ` +
        'something else answers at its address',
      { cause: error },
    );
  }
  const texts: Record<string, string> = {
    'client-timeout': 'no answer within the time allowed for one attempt',
    'client-authentication': 'the server accepts none of the credentials given',
  };
  if (error.code === 'ETIMEDOUT' && error.level === undefined) {
    return new Error('the server closed the connection before it was ready', { cause: error });
  }
  // ssh2 refuses an unreadable private key before it dials; its message does not contain the key.
  if (error.level === undefined && error.code === undefined) {
    return new PermanentDialError(error.message, { cause: error });
  }
  const text = texts[error.level ?? ''] ?? (error.message || error.code || 'unknown error');
  return new Error(text, { cause: error });
}

function forward(through: Client, target: Endpoint): Promise<NonNullable<ConnectConfig['sock']>> {
  return new Promise((resolve, reject) => {
    through.forwardOut('127.0.0.1', 0, target.host, target.port, (error, channel) => {
      if (error) reject(error);
      else resolve(channel);
    });
  });
}
