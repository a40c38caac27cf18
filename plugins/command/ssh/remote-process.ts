import type { Client } from 'ssh2';
import { execute } from './execute.ts';
import { Slots } from './slots.ts';

/** The line by which a command makes itself known before it begins. */
const introduction = /^podferry-session ([0-9]+)$/;
/** How much may arrive before its end; more means that no such line is coming. */
const introductionLength = 64;

/**
 * A command that first says its process id, which is also its session id: sshd makes each command a session leader.
 * The signal request of the SSH protocol would be the proper way to end a command, but OpenSSH refuses it for root
 * (session_signal_req in session.c: "session signalling requires privilege separation").
 */
export function introduced(command: string): string {
  return `printf 'podferry-session %s\\n' "$$"\n${command}`;
}

/** Takes the introduction off the beginning of a command's standard output. */
export class Introduction {
  /** Session id of the command; undefined until it is known, and when its shell is of another kind. */
  session: number | undefined;
  private pending: Buffer | undefined = Buffer.alloc(0);

  /** What remains of the next chunk; empty while the introduction is not complete. */
  strip(chunk: Buffer): Buffer {
    if (this.pending === undefined) return chunk;
    const begun = Buffer.concat([this.pending, chunk]);
    const end = begun.indexOf('\n');
    if (end < 0 && begun.length < introductionLength) {
      this.pending = begun;
      return Buffer.alloc(0);
    }
    this.pending = undefined;
    const found = introduction.exec(begun.toString('latin1', 0, Math.max(end, 0)));
    if (found === null) return begun;
    this.session = Number(found[1]);
    return begun.subarray(end + 1);
  }

  /** What was held back when the output ended before the introduction was complete. */
  rest(): Buffer {
    const rest = this.pending ?? Buffer.alloc(0);
    this.pending = undefined;
    return rest;
  }
}

/** The channels that the pool leaves free in each connection, for ending what runs in the others. */
const spareChannels = new WeakMap<Client, Slots>();

/**
 * Sends a signal to every process of a session on the host, over a channel of its own: also to those that have made
 * themselves a process group, as `timeout` does. Resolves when the host has done it or cannot be asked.
 */
export async function signalSession(client: Client, session: number, name: 'TERM' | 'KILL'): Promise<void> {
  // In /proc/PID/stat the fields after the name in parentheses are: state, parent, process group, session.
  const script = `for stat in /proc/[0-9]*/stat; do
  read -r line < "$stat" || continue
  set -- \${line##*) }
  pid=\${stat#/proc/}
  [ "$4" != ${session} ] || kill -s ${name} "\${pid%/stat}"
done 2>/dev/null`;
  const spare = spareChannels.get(client) ?? new Slots(2);
  spareChannels.set(client, spare);
  try {
    await spare.run(new AbortController().signal, () => complete(client, script));
  } catch {
    // The connection is gone; what was to be ended through it cannot be reached.
  }
}

async function complete(client: Client, script: string): Promise<void> {
  const channel = await execute(client, script, {});
  channel.resume();
  channel.stderr.resume();
  await new Promise<void>((resolve) => {
    channel.once('close', resolve);
    client.once('close', resolve);
  });
}
