import type { z } from 'zod';
import { sameValue } from '../protocol/diff.ts';
import type {
  Context,
  CreateRequest,
  CreateResult,
  DeleteRequest,
  UpdateRequest,
} from '../protocol/provider.ts';
import { type PropertyMap, unknown, unwrap } from '../protocol/values.ts';
import type { CommandOutput } from './output.ts';
import { type Redact, redactor } from './redact.ts';
import { newId, parseInputs, type ResourceType } from './resource-type.ts';

/** What the inputs of both kinds of commands have in common. */
interface CommandInputs {
  readonly create?: string | undefined;
  readonly update?: string | undefined;
  readonly delete?: string | undefined;
}

/**
 * The life of a command resource, wherever its commands run: `create` at the beginning, `update` (or else `create`)
 * whenever an input has changed, `delete` at the end with the inputs it was last run with.
 */
export abstract class CommandResource<Schema extends z.ZodObject<z.core.$ZodShape>> implements ResourceType {
  abstract readonly schema: Schema;

  /** Runs one command to its end and resolves with the resource's outputs beyond its inputs. */
  protected abstract run(
    command: string,
    inputs: z.infer<Schema>,
    previous: CommandOutput,
    context: Context,
    redact: Redact,
  ): Promise<PropertyMap>;

  async create(request: CreateRequest, context: Context): Promise<CreateResult> {
    const id = newId(request.name);
    if (request.preview) {
      return { id, outputs: { ...request.inputs, stdout: unknown, stderr: unknown } };
    }
    const command = this.commands(request.inputs).create;
    const none = { stdout: '', stderr: '' };
    const outputs = command === undefined ? none : await this.start(command, request.inputs, none, context);
    return { id, outputs: { ...request.inputs, ...outputs } };
  }

  async update(request: UpdateRequest, context: Context): Promise<PropertyMap> {
    const kept = keptOutputs(request.olds);
    if (request.preview) {
      const runs = !sameValue(request.oldInputs, request.news);
      return { ...request.news, ...(runs ? { ...kept, stdout: unknown, stderr: unknown } : kept) };
    }
    const commands = this.commands(request.news);
    const command = commands.update ?? commands.create;
    if (command === undefined) return { ...request.news, ...kept };
    const outputs = await this.start(command, request.news, writtenBefore(request.olds), context);
    return { ...request.news, ...kept, ...outputs };
  }

  async delete(request: DeleteRequest, context: Context): Promise<void> {
    const command = this.commands(request.properties).delete;
    if (command === undefined) return;
    await this.start(command, request.properties, writtenBefore(request.properties), context);
  }

  private commands(properties: PropertyMap): CommandInputs {
    const text = (name: keyof CommandInputs): string | undefined => {
      const value = unwrap(properties[name]);
      return typeof value === 'string' ? value : undefined;
    };
    return { create: text('create'), update: text('update'), delete: text('delete') };
  }

  private start(
    command: string,
    properties: PropertyMap,
    previous: CommandOutput,
    context: Context,
  ): Promise<PropertyMap> {
    const inputs = parseInputs(this.schema, properties);
    return this.run(command, inputs, previous, context, redactor(properties));
  }
}

const outputNames = ['stdout', 'stderr', 'assets', 'archive'] as const;

/** The outputs of the last run, with their secret markers. */
function keptOutputs(olds: PropertyMap): PropertyMap {
  return Object.fromEntries(outputNames.filter((name) => name in olds).map((name) => [name, olds[name]]));
}

function writtenBefore(olds: PropertyMap): CommandOutput {
  const text = (name: string): string => {
    const value = unwrap(olds[name]);
    return typeof value === 'string' ? value : '';
  };
  return { stdout: text('stdout'), stderr: text('stderr') };
}
