import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CancelledError } from '../../protocol/errors.ts';
import { connectionSchema } from '../inputs.ts';
import { testContext } from '../test-context.ts';
import { addressOf, dial } from './dial.ts';
import { makeTestKeys } from './test-keys.ts';
import { startTestServer, type TestServer } from './test-server.ts';

describe('dial', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  function tryDial(settings: Record<string, unknown>, context = testContext()) {
    const connection = connectionSchema.parse({
      host: '127.0.0.1',
      port: server.port,
      privateKey: server.privateKey,
      dialErrorLimit: 0,
      ...settings,
    });
    return dial(connection, context);
  }

  it('accepts any host key when none is pinned, and the pinned one', async () => {
    (await tryDial({})).end();
    (await tryDial({ hostKey: server.hostKey })).end();
    (await tryDial({ hostKey: `${server.hostKey} comment` })).end();
  });

  it('refuses a host with another key, at once, naming both', async () => {
    const other = makeTestKeys().public;
    await expect(tryDial({ hostKey: other, dialErrorLimit: 10 })).rejects.toThrow(
      new RegExp(
        `cannot connect to 127.0.0.1:${server.port}: the host key is not the pinned one: ` +
          'expected ssh-ed25519 SHA256:\\S+, the server has ssh-ed25519 SHA256:',
      ),
    );
    expect(server.seen.connections).toBe(1);
  });

  it('refuses a host that has no key of the pinned kind', async () => {
    const other = makeTestKeys('ecdsa').public;
    await expect(tryDial({ hostKey: other, dialErrorLimit: 10 })).rejects.toThrow(
      'the server has no host key of the pinned kind (ecdsa-sha2-nistp256 SHA256:',
    );
  });

  it('refuses what is no host key, and what is no private key, without repeating it', async () => {
    await expect(tryDial({ hostKey: 'nonsense' })).rejects.toThrow('hostKey is not a public key');
    const error = await tryDial({ privateKey: 'my private nonsense', dialErrorLimit: 10 }).catch(
      (caught) => caught,
    );
    expect(error.message).toContain(`cannot connect to 127.0.0.1:${server.port}: Cannot parse privateKey`);
    expect(error.message).not.toContain('nonsense');
  });

  it('takes a password where that is all there is', async () => {
    (await tryDial({ privateKey: undefined, password: server.password })).end();
  });

  it('says that credentials were not accepted', async () => {
    await expect(tryDial({ privateKey: undefined, password: 'wrong' })).rejects.toThrow(
      'the server accepts none of the credentials given (after 1 attempts)',
    );
  });

  it('tries as often as allowed, and names address, port and cause', async () => {
    const { port } = server;
    await server.close();
    const context = testContext();
    await expect(tryDial({ port, dialErrorLimit: 2 }, context)).rejects.toThrow(
      `cannot connect to 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port} (after 3 attempts)`,
    );
    expect(context.messages[1]).toContain('attempt 2 of 3 failed');
  });

  it('stops trying when it is cancelled', async () => {
    const { port } = server;
    await server.close();
    const context = testContext();
    const dialling = expect(tryDial({ port, dialErrorLimit: -1 }, context)).rejects.toThrow('cancelled');
    context.abort(new CancelledError('cancelled'));
    await dialling;
  });

  it('does not wait longer than allowed for a server that says nothing', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    try {
      await expect(tryDial({ port, perDialTimeout: 1 })).rejects.toThrow(
        `cannot connect to 127.0.0.1:${port}: no answer within the time allowed for one attempt`,
      );
    } finally {
      silent.close();
    }
  });

  it('goes through a proxy', async () => {
    const proxy = await startTestServer();
    const settings = { host: '127.0.0.1', port: proxy.port, privateKey: proxy.privateKey, dialErrorLimit: 0 };
    try {
      (await tryDial({ proxy: settings, hostKey: server.hostKey })).end();
      expect(proxy.seen.connections).toBe(1);
      await expect(tryDial({ port: 1, proxy: settings })).rejects.toThrow(
        `through proxy 127.0.0.1:${proxy.port}: cannot connect to 127.0.0.1:1: `,
      );
    } finally {
      await proxy.close();
    }
  });
});

describe('addressOf', () => {
  it('brackets IPv6 addresses', () => {
    expect(addressOf({ host: 'fd00::2', port: 22 })).toBe('[fd00::2]:22');
    expect(addressOf({ host: 'master', port: 2222 })).toBe('master:2222');
  });
});
