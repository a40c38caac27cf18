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

/** How long a cancelled command may take to end after SIGTERM, and after SIGKILL (ms). */
const killDelay = 5_000;
const closeDelay = 2_000;

/**
 * Runs a command on the host of `inputs.connection` and resolves with what it wrote.
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
    (client) => execute(client, command, env),
    async (channel, client) => {
      channel.on('data', (chunk: Buffer) => output.add('stdout', chunk));
      channel.stderr.on('data', (chunk: Buffer) => output.add('stderr', chunk));
      // A command need not read its input to the end.
      channel.stdin.on('error', () => undefined);
      channel.stdin.end(inputs.stdin ?? '');
      return endOf(channel, client, where, context.signal);
    },
  );
  const written = output.finish();
  if (context.signal.aborted) {
    throw commandFailure(ending, { command, where, output, redact }, { cause: context.signal.reason });
  }
  if (ending.code !== 0) throw commandFailure(ending, { command, where, output, redact });
  return written;
}

/** Waits for the command's end; when the signal is aborted, ends it: SIGTERM, SIGKILL, and at last the channel. */
function endOf(channel: ClientChannel, client: Client, where: string, signal: AbortSignal): Promise<Ending> {
  return new Promise((resolve, reject) => {
    let ending: Ending | undefined;
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      channel.signal('TERM');
      timer = setTimeout(() => {
        channel.signal('KILL');
        timer = setTimeout(() => channel.close(), closeDelay);
      }, killDelay);
    };
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      client.off('close', lost);
      act();
    };
    const lost = (): void =>
      settle(() => reject(new Error(`the connection to ${where} broke while a command ran`)));
    client.once('close', lost);
    channel.on('exit', (code: number | null, killedBy?: string) => {
      ending = { code, signal: killedBy ?? null };
    });
    channel.on('close', () => {
      settle(() => {
        if (ending !== undefined) resolve(ending);
        else if (signal.aborted) resolve({ code: null, signal: 'KILL' });
        else reject(new Error(`${where} closed the command's channel without saying how the command ended`));
      });
    });
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
