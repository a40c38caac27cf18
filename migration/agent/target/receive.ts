import { createHash } from 'node:crypto';
import { closeSync, createWriteStream, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CheckpointManifest, RestoreRequest } from '../../contract/agent-api.ts';
import { StepError } from '../failure.ts';
import { requireSpace } from '../space.ts';
import { statePart } from '../state-layout.ts';
import { stateFile } from '../store/checkpoint-files.ts';
import { readOwnManifest } from '../store/checkpoint-manifest.ts';
import { below, storePath } from '../store/path.ts';
import type { Store } from '../store/store.ts';
import { readTar, type TarMember } from '../tar/reader.ts';

const FETCHES_AT_ONCE = 3;
const FETCH_LIMIT_MS = 10 * 60_000;

/** Fetches a move's archive and unpacks it into `staging` while it arrives. What came is only used if this resolves. */
export async function receiveArchive(
  store: Store,
  request: Pick<RestoreRequest, 'path' | 'bytes' | 'sha256'>,
  staging: string,
  timeoutMs: number,
): Promise<void> {
  await requireSpace(path.dirname(staging), request.bytes);
  const hash = createHash('sha256');
  let bytes = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of store.read(storePath(request.path), timeoutMs)) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  for await (const member of readTar(counted())) await unpackMember(member, staging);
  if (bytes !== request.bytes || hash.digest('hex') !== request.sha256)
    throw new StepError('fetch', `'${request.path}' on the store is not what the source wrote`);
}

/** Into memory, so that a write right here costs less than handing it to another thread. */
async function unpackMember(member: TarMember, staging: string): Promise<void> {
  if (statePart(member.path) === undefined || member.header.type !== '0')
    throw new StepError('fetch', `unexpected '${member.path}' in the state's archive`);
  const target = path.join(staging, member.path);
  mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 });
  const file = openSync(target, 'wx', 0o600);
  try {
    for await (const chunk of member.body()) writeFileSync(file, chunk);
  } finally {
    closeSync(file);
  }
}

/** Whose checkpoint is fetched, and for which containers. */
interface WantedCheckpoint {
  folder: string;
  namespace: string;
  containers: readonly string[];
}

/** Fetches the files of a pod's checkpoint into `staging`, laid out like a move's, and verifies each. */
export async function receiveCheckpoint(
  store: Store,
  { folder, namespace, containers }: WantedCheckpoint,
  staging: string,
): Promise<void> {
  const manifest = await readOwnManifest(store, folder, namespace);
  const missing = containers.find((name) => !manifest.containers.includes(name));
  if (missing !== undefined)
    throw new StepError('fetch', `the checkpoint at '${folder}' holds no container '${missing}'`);
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  await requireSpace(path.dirname(staging), bytes);
  const waiting = [...manifest.files];
  const worker = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift())
      await fetchFile(store, folder, file, staging);
  };
  const ended = await Promise.allSettled(Array.from({ length: FETCHES_AT_ONCE }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}

type ManifestFile = CheckpointManifest['files'][number];

async function fetchFile(store: Store, folder: string, file: ManifestFile, staging: string): Promise<void> {
  const name = stateFile(file.path);
  if (name === undefined) throw new StepError('fetch', `unexpected '${file.path}' in the checkpoint`);
  const target = path.join(staging, name);
  await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  const source = store.read(below(storePath(folder), ...file.path.split('/')), FETCH_LIMIT_MS);
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      hash.update(chunk);
      yield chunk;
    }
  }
  await pipeline(Readable.from(hashed()), createWriteStream(target, { mode: 0o600, flags: 'wx' }));
  if (hash.digest('hex') !== file.sha256)
    throw new StepError('fetch', `'${folder}/${file.path}' on the store is not what was written there`);
}
