import { sameValue } from '../protocol/diff.ts';
import type { Context, CreateRequest, CreateResult, UpdateRequest } from '../protocol/provider.ts';
import type { PropertyMap } from '../protocol/values.ts';
import { copyToRemoteSchema } from './inputs.ts';
import { newId, parseInputs, type ResourceType } from './resource-type.ts';
import { addressOf } from './ssh/dial.ts';
import type { ConnectionPool } from './ssh/pool.ts';
import { openSftp, RemoteFiles } from './ssh/remote-files.ts';
import { upload } from './ssh/upload.ts';

/** `command:remote:CopyToRemote`: puts a file, a text or a folder on another host. What was put there stays. */
export class CopyToRemote implements ResourceType {
  readonly schema = copyToRemoteSchema;
  private readonly pool: ConnectionPool;

  constructor(pool: ConnectionPool) {
    this.pool = pool;
  }

  async create(request: CreateRequest, context: Context): Promise<CreateResult> {
    if (request.preview) return { id: '', outputs: request.inputs };
    await this.copy(request.inputs, context);
    return { id: newId(''), outputs: request.inputs };
  }

  async update(request: UpdateRequest, context: Context): Promise<PropertyMap> {
    const moved = !sameValue(request.olds.remotePath, request.news.remotePath);
    const changed = !sameValue(request.olds.source, request.news.source);
    if (!request.preview && (moved || changed)) await this.copy(request.news, context);
    return request.news;
  }

  private async copy(properties: PropertyMap, context: Context): Promise<void> {
    const { connection, source, remotePath } = parseInputs(this.schema, properties);
    await this.pool.withChannel(connection, context, openSftp, async (sftp) => {
      try {
        await upload(new RemoteFiles(sftp, context.signal), source, remotePath);
      } catch (error) {
        context.signal.throwIfAborted();
        const where = `${addressOf(connection)}:${remotePath}`;
        throw new Error(`copying to ${where} failed: ${(error as Error).message}`, { cause: error });
      } finally {
        sftp.end();
      }
    });
  }
}
