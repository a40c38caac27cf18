import { text } from 'node:stream/consumers';
import type { Context } from '../../protocol/provider.ts';
import type { Connection } from '../inputs.ts';
import { execute } from './execute.ts';
import type { ConnectionPool } from './pool.ts';

/**
 * Makes sure that the server takes these environment variables (`AcceptEnv` in its sshd_config): a server that does
 * not drops them without a word, and the command would run without them.
 * @throws Error naming the variables that are refused
 */
export async function checkEnvironment(
  pool: ConnectionPool,
  connection: Connection,
  names: readonly string[],
  context: Context,
): Promise<void> {
  if (names.length === 0) return;
  const probe = Object.fromEntries(names.map((name) => [name, 'set']));
  const listing = await pool.withChannel(
    connection,
    context,
    (client) => execute(client, 'env', probe),
    (channel) => text(channel),
  );
  const lines = new Set(listing.split('\n'));
  const refused = names.filter((name) => !lines.has(`${name}=set`));
  if (refused.length === 0) return;
  throw new Error(
    `could not set environment variable ${refused.join(', ')} on ${connection.host}: its SSH server must list it ` +
      "under AcceptEnv; or pass the value on standard input, or write 'NAME=value command'",
  );
}
