import type { Context } from '../protocol/provider.ts';
import type { PropertyMap } from '../protocol/values.ts';
import { CommandResource } from './command-resource.ts';
import { type RemoteCommandInputs, remoteCommandSchema } from './inputs.ts';
import type { CommandOutput } from './output.ts';
import type { Redact } from './redact.ts';
import { runRemote } from './remote-command.ts';
import type { ConnectionPool } from './ssh/pool.ts';

/** `command:remote:Command`: commands on another host, over SSH. */
export class RemoteCommand extends CommandResource<typeof remoteCommandSchema> {
  readonly schema = remoteCommandSchema;
  private readonly pool: ConnectionPool;

  constructor(pool: ConnectionPool) {
    super();
    this.pool = pool;
  }

  protected async run(
    command: string,
    inputs: RemoteCommandInputs,
    previous: CommandOutput,
    context: Context,
    redact: Redact,
  ): Promise<PropertyMap> {
    return { ...(await runRemote(this.pool, command, inputs, previous, context, redact)) };
  }
}
