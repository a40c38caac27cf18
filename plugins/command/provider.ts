import { diffProperties } from '../protocol/diff.ts';
import type {
  CheckRequest,
  CheckResult,
  Context,
  CreateRequest,
  CreateResult,
  DeleteRequest,
  DiffRequest,
  DiffResult,
  Provider,
  ReadRequest,
  ReadResult,
  UpdateRequest,
  UpdateResult,
} from '../protocol/provider.ts';
import type { PropertyMap } from '../protocol/values.ts';
import { checkInputs } from './check.ts';
import { CopyToRemote } from './copy-to-remote.ts';
import { LocalCommand } from './local-resource.ts';
import { RemoteCommand } from './remote-resource.ts';
import type { ResourceType } from './resource-type.ts';
import { ConnectionPool } from './ssh/pool.ts';

const replaceOn: ReadonlySet<string> = new Set(['triggers']);

/**
 * Serves the resources of `@pulumi/command` 1.2.1 where its own plugin cannot be had: the same inputs, outputs, ids
 * and meaning, so that either can go on with the other's state.
 */
export class CommandProvider implements Provider {
  readonly name = 'command';
  readonly version = '1.2.1';
  private readonly pool = new ConnectionPool();
  private readonly types: ReadonlyMap<string, ResourceType> = new Map<string, ResourceType>([
    ['command:local:Command', new LocalCommand()],
    ['command:remote:Command', new RemoteCommand(this.pool)],
    ['command:remote:CopyToRemote', new CopyToRemote(this.pool)],
  ]);

  async check(request: CheckRequest): Promise<CheckResult> {
    return checkInputs(this.typeOf(request).schema, request.news);
  }

  async diff(request: DiffRequest): Promise<DiffResult> {
    this.typeOf(request);
    return diffProperties(ownInputs(request.oldInputs), ownInputs(request.news), replaceOn);
  }

  async create(request: CreateRequest, context: Context): Promise<CreateResult> {
    return this.typeOf(request).create(request, context);
  }

  /** What a command did cannot be looked up again; the state stays what it is, as with the official plugin. */
  async read(request: ReadRequest): Promise<ReadResult> {
    return { id: request.id, outputs: request.properties, inputs: request.inputs };
  }

  async update(request: UpdateRequest, context: Context): Promise<UpdateResult> {
    return { outputs: await this.typeOf(request).update(request, context) };
  }

  async delete(request: DeleteRequest, context: Context): Promise<void> {
    await this.typeOf(request).delete?.(request, context);
  }

  async close(): Promise<void> {
    await this.pool.close();
  }

  private typeOf(request: { type: string }): ResourceType {
    const type = this.types.get(request.type);
    if (type !== undefined) return type;
    const known = [...this.types.keys()].join(', ');
    throw new Error(`this plugin does not serve ${request.type}; it serves ${known}`);
  }
}

/** Inputs without what the engine adds for itself. */
function ownInputs(inputs: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(inputs).filter(([name]) => name !== 'version' && !name.startsWith('__')),
  );
}
