import type { Client, ClientChannel } from 'ssh2';
import type { Context } from '../protocol/provider.ts';
import { commandFailure, type Ending } from './failure.ts';
import type { RemoteCommandInputs } from './inputs.ts';
import { previousOutput } from './local-command.ts';
import { type CommandOutput, OutputCollector } from './output.ts';
import type { Redact } from './redact.ts';
import { addressOf } from './ssh/dial.ts';
import { checkEnvironment } from './ssh/environment.ts';
import { execute } from './ssh/execute.ts';
import type { ConnectionPool } from './ssh/pool.ts';
import { Introduction, introduced, signalSession } from './ssh/remote-process.ts';

/** How long a cancelled command may take to end after SIGTERM, and after SIGKILL (ms). */
const termDelay = 5_000;
const killDelay = 2_000;

/**
 * Runs a command on the host of `inputs.connection` (its login shell must be of the POSIX family) and resolves with
 * what it wrote.
 * @throws Error with host, exit code and last output when it fails, when the host cannot be reached, when the
 *   connection breaks, and when the operation is cancelled (the remote command is ended then).
 */
export async function runRemote(
  pool: ConnectionPool,
  command: string,
  inputs: RemoteCommandInputs,
  previous: CommandOutput,
  context: Context,
  redact: Redact,
): Promise<CommandOutput> {
  const { connection, environment = {} } = inputs;
  const where = addressOf(connection);
  await checkEnvironment(pool, connection, Object.keys(environment), context);
  const output = new OutputCollector(context, inputs.logging, redact);
  const env = { ...environment, ...previousOutput(inputs, previous) };
  const ending = await pool.withChannel(
    connection,
    context,
    (client) => execute(client, introduced(command), env),
    (channel, client) => {
      const introduction = readOutput(channel, output);
      // A command need not read its input to the end.
      channel.stdin.on('error', () => undefined);
      channel.stdin.end(inputs.stdin ?? '');
      return endOf({ channel, client, introduction, where }, context.signal);
    },
  );
  const written = output.finish();
  if (context.signal.aborted) {
    throw commandFailure(ending, { command, where, output, redact }, { cause: context.signal.reason });
  }
  if (ending.code !== 0) throw commandFailure(ending, { command, where, output, redact });
  return written;
}

function readOutput(channel: ClientChannel, output: OutputCollector): Introduction {
  const introduction = new Introduction();
  channel.on('data', (chunk: Buffer) => output.add('stdout', introduction.strip(chunk)));
  channel.on('end', () => output.add('stdout', introduction.rest()));
  channel.stderr.on('data', (chunk: Buffer) => output.add('stderr', chunk));
  return introduction;
}

interface Run {
  readonly channel: ClientChannel;
  readonly client: Client;
  readonly introduction: Introduction;
  readonly where: string;
}

/** Waits for the command's end; ends it when the signal is aborted, and stops waiting if even that does not help. */
function endOf({ channel, client, introduction, where }: Run, signal: AbortSignal): Promise<Ending> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      client.off('close', lost);
      act();
    };
    const send = (name: 'TERM' | 'KILL'): void => {
      if (introduction.session !== undefined) void signalSession(client, introduction.session, name);
    };
    const stop = (): void => {
      send('TERM');
      timer = setTimeout(() => {
        send('KILL');
        timer = setTimeout(() => {
          channel.close();
          settle(() => resolve({ code: null, signal: null }));
        }, killDelay);
      }, termDelay);
    };
    const lost = (): void => {
      settle(() => reject(new Error(`the connection to ${where} broke while a command ran`)));
    };
    client.once('close', lost);
    // Not `exit`: a command that ends at once has said so before anybody listens; ssh2 says it again here.
    channel.on('close', (code: number | null = null, killedBy: string | null = null) => {
      const known = code !== null || killedBy !== null || signal.aborted;
      if (known) settle(() => resolve({ code, signal: killedBy }));
      else {
        settle(() => reject(new Error(`${where} closed the channel without saying how the command ended`)));
      }
    });
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
