import type { Client, ClientChannel } from 'ssh2';

/** Starts a command; resolves when the server has accepted it. */
export function execute(
  client: Client,
  command: string,
  env: Record<string, string>,
): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const lost = (): void => reject(new Error('the connection was closed'));
    client.once('close', lost);
    try {
      client.exec(command, { env }, (error, channel) => {
        client.off('close', lost);
        if (error) reject(error);
        else resolve(channel);
      });
    } catch (error) {
      // ssh2 throws when the connection is already closed.
      client.off('close', lost);
      reject(error);
    }
  });
}
