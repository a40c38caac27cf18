import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Runs `work` while no other process on this machine holds the lock of that name. The lock is a listening socket in
 * Linux's abstract namespace (unix(7)): the kernel allows one listener a name and takes it away when its process
 * ends, however it ends, so there are no stale locks and no files to clean up. Waiters connect and are woken by the
 * holder's end.
 *
 * @param onWait called once when somebody else holds the lock
 * @throws Error when the lock has not become free within an hour
 */
export async function withLock<T>(name: string, work: () => Promise<T>, onWait?: () => void): Promise<T> {
  const address = `\0podferry-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
  const deadline = Date.now() + patienceMs;
  let told = false;
  while (Date.now() < deadline) {
    const held = await tryListen(address);
    if (held) {
      try {
        return await work();
      } finally {
        await held.release();
      }
    }
    if (!told) onWait?.();
    told = true;
    await holderGone(address, deadline - Date.now());
  }
  throw new Error(`Another podferry on this machine has been busy with "${name}" for an hour; it may hang.`);
}

/** The longest single build takes minutes; who waits longer than this waits for something that hangs. */
const patienceMs = 3_600_000;

interface Held {
  release(): Promise<void>;
}

async function tryListen(address: string): Promise<Held | undefined> {
  const waiters = new Set<Socket>();
  const server: Server = createServer((socket) => {
    waiters.add(socket);
    socket.on('close', () => waiters.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  try {
    server.listen(address);
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw new Error('Cannot take a build lock (a socket in the abstract namespace).', { cause: error });
  }
  return {
    async release() {
      const closed = once(server, 'close');
      server.close();
      for (const waiter of waiters) waiter.destroy();
      await closed;
    },
  };
}

/** Resolves when the present holder lets go or ends, at once when nobody holds it, and after `ms` in any case. */
async function holderGone(address: string, ms: number): Promise<void> {
  const socket = connect(address);
  // Refused or reset: the holder went between our attempt and this one. The caller tries again either way.
  socket.on('error', () => socket.destroy());
  socket.resume();
  const late = setTimeout(() => socket.destroy(), ms);
  await new Promise((resolve) => socket.once('close', resolve));
  clearTimeout(late);
}
