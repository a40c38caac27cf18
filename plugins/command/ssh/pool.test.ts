import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CancelledError } from '../../protocol/errors.ts';
import { type Connection, connectionSchema } from '../inputs.ts';
import { testContext } from '../test-context.ts';
import { execute } from './execute.ts';
import { ConnectionPool } from './pool.ts';
import { startTestServer, type TestServer } from './test-server.ts';

describe('ConnectionPool', () => {
  let server: TestServer;
  let pool: ConnectionPool;
  let connection: Connection;
  beforeEach(async () => {
    server = await startTestServer();
    pool = new ConnectionPool();
    const { port, privateKey, hostKey } = server;
    connection = connectionSchema.parse({ host: '127.0.0.1', port, privateKey, hostKey, dialErrorLimit: 0 });
  });
  afterEach(async () => {
    await pool.close();
    await server.close();
  });

  function run(command: string, context = testContext()): Promise<number> {
    return pool.withChannel(
      connection,
      context,
      (client) => execute(client, command, {}),
      (channel) =>
        new Promise<number>((resolve) => {
          channel.resume();
          channel.stderr.resume();
          channel.on('close', resolve);
        }),
    );
  }

  it('shares one connection, with eight channels at most', async () => {
    const codes = await Promise.all(Array.from({ length: 20 }, () => run('sleep 0.05; exit 3')));
    expect(codes).toEqual(Array.from({ length: 20 }, () => 3));
    expect(server.seen.connections).toBe(1);
    expect(server.seen.mostChannels).toBeLessThanOrEqual(8);
    expect(server.seen.mostChannels).toBeGreaterThan(1);
  });

  it('dials again when an idle connection broke', async () => {
    await run('true');
    server.dropConnections();
    await expect(run('exit 4')).resolves.toBe(4);
    expect(server.seen.connections).toBe(2);
  });

  it('dials again for those who wait when the one who dialled is cancelled', async () => {
    const first = testContext();
    const cancelled = expect(run('exit 1', first)).rejects.toThrow('not wanted');
    const second = run('exit 5');
    first.abort(new CancelledError('not wanted'));
    await cancelled;
    await expect(second).resolves.toBe(5);
  });

  it('keeps other credentials apart', async () => {
    await run('true');
    connection = { ...connection, privateKey: undefined, password: server.password };
    await expect(run('exit 6')).resolves.toBe(6);
    expect(server.seen.connections).toBe(2);
  });
});
