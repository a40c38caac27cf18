import type { Context } from '../protocol/provider.ts';
import type { PropertyMap } from '../protocol/values.ts';
import { findAssets } from './assets.ts';
import { CommandResource } from './command-resource.ts';
import { type LocalCommandInputs, localCommandSchema } from './inputs.ts';
import { runLocal } from './local-command.ts';
import type { CommandOutput } from './output.ts';
import type { Redact } from './redact.ts';

/** `command:local:Command`: commands on this machine. */
export class LocalCommand extends CommandResource<typeof localCommandSchema> {
  readonly schema = localCommandSchema;

  protected async run(
    command: string,
    inputs: LocalCommandInputs,
    previous: CommandOutput,
    context: Context,
    redact: Redact,
  ): Promise<PropertyMap> {
    const written = await runLocal(command, inputs, previous, context, redact);
    if (inputs.assetPaths === undefined) return { ...written };
    return { ...written, assets: await findAssets(inputs.dir ?? process.cwd(), inputs.assetPaths) };
  }
}
