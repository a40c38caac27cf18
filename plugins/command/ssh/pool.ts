import { createHash } from 'node:crypto';
import type { Client } from 'ssh2';
import { CancelledError, TimedOutError } from '../../protocol/errors.ts';
import type { Context } from '../../protocol/provider.ts';
import type { Connection } from '../inputs.ts';
import { abortable } from './abortable.ts';
import { dial } from './dial.ts';
import { Slots } from './slots.ts';

/** OpenSSH allows ten sessions in a connection (`MaxSessions`); two are left for others. */
const channelsPerConnection = 8;

/** A connection of one kind and how it is shared; `client` is absent until somebody needs it and after it broke. */
interface Host {
  readonly slots: Slots;
  client: Promise<Client> | undefined;
}

/**
 * One SSH connection for each combination of address, user, credentials and proxy, shared by all operations of this
 * process and dialled again when it broke.
 */
export class ConnectionPool {
  private readonly hosts = new Map<string, Host>();

  /**
   * Opens a channel once one of the connection's channels is free, and hands it to `use`.
   * @param open asks the connection for the channel. When a connection that was idle turns out to be broken, it asks
   *   again on a new one: nothing has happened on the host until it resolves.
   */
  async withChannel<Channel, Result>(
    connection: Connection,
    context: Context,
    open: (client: Client) => Promise<Channel>,
    use: (channel: Channel, client: Client) => Promise<Result>,
  ): Promise<Result> {
    const host = this.hostOf(connection);
    return host.slots.run(context.signal, async () => {
      const reused = host.client !== undefined;
      let client = await this.connect(host, connection, context);
      let channel: Channel;
      try {
        channel = await abortable(open(client), context.signal);
      } catch (error) {
        if (!reused || context.signal.aborted) throw error;
        client.destroy();
        host.client = undefined;
        client = await this.connect(host, connection, context);
        channel = await abortable(open(client), context.signal);
      }
      return use(channel, client);
    });
  }

  /** Closes every connection. */
  async close(): Promise<void> {
    const hosts = [...this.hosts.values()];
    this.hosts.clear();
    for (const host of hosts) (await host.client?.catch(() => undefined))?.end();
  }

  private async connect(host: Host, connection: Connection, context: Context): Promise<Client> {
    for (;;) {
      host.client ??= this.dial(host, connection, context);
      try {
        return await abortable(host.client, context.signal);
      } catch (error) {
        // Whoever dialled was cancelled; that is no reason for those who waited with it.
        const othersEnd = error instanceof CancelledError || error instanceof TimedOutError;
        if (!othersEnd || context.signal.aborted) throw error;
      }
    }
  }

  private dial(host: Host, connection: Connection, context: Context): Promise<Client> {
    const dialled = dial(connection, context);
    const lost = (): void => {
      if (host.client === dialled) host.client = undefined;
    };
    dialled.then((client) => client.once('close', lost), lost);
    return dialled;
  }

  private hostOf(connection: Connection): Host {
    // A digest, because the key contains credentials.
    const key = createHash('sha256').update(JSON.stringify(connection)).digest('hex');
    const host = this.hosts.get(key) ?? { slots: new Slots(channelsPerConnection), client: undefined };
    this.hosts.set(key, host);
    return host;
  }
}
