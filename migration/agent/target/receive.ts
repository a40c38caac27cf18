import { createHash } from 'node:crypto';
import { closeSync, createWriteStream, openSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CheckpointManifest, RestoreRequest } from '../../contract/agent-api.ts';
import { checkpointManifest } from '../../contract/agent-api.ts';
import { StepError } from '../failure.ts';
import { requireSpace } from '../space.ts';
import { IMAGE_DIR, LAYER_FILE, MANIFEST_FILE, SHM_FILE } from '../state-layout.ts';
import { below, storePath } from '../store/path.ts';
import type { Store } from '../store/store.ts';
import { readTar, type TarMember } from '../tar/reader.ts';

const STATE_FILE = /^(image\/[A-Za-z0-9._-]+|rw\.tar|shm\.tar)$/;
const FETCHES_AT_ONCE = 3;
const FETCH_LIMIT_MS = 10 * 60_000;
const MANIFEST_LIMIT_MS = 10_000;
const MANIFEST_MOST_BYTES = 16 * 1024 * 1024;

/** Fetches a move's archive and unpacks it into `staging` while it arrives. What came is only used if this resolves. */
export async function receiveArchive(
  store: Store,
  request: RestoreRequest,
  staging: string,
  timeoutMs: number,
): Promise<void> {
  await makeStaging(staging, request.bytes);
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
  if (!STATE_FILE.test(member.path) || member.header.type !== '0')
    throw new StepError('fetch', `unexpected '${member.path}' in the state's archive`);
  const file = openSync(path.join(staging, member.path), 'wx', 0o600);
  try {
    for await (const chunk of member.body()) writeFileSync(file, chunk);
  } finally {
    closeSync(file);
  }
}

/** The manifest of one pod's checkpoint. StepError `fetch` when there is none, or it cannot be read. */
export async function readManifest(store: Store, folder: string): Promise<CheckpointManifest> {
  const file = below(storePath(folder), MANIFEST_FILE);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of store.read(file, MANIFEST_LIMIT_MS)) {
      bytes += chunk.length;
      if (bytes > MANIFEST_MOST_BYTES) throw new Error('it is too large');
      chunks.push(chunk);
    }
    return checkpointManifest.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StepError('fetch', `no complete checkpoint at '${folder}' on the store: ${why}`, { cause });
  }
}

/** Fetches one container's files of a checkpoint into `staging`, laid out like a move's, and verifies each. */
export async function receiveCheckpoint(
  store: Store,
  folder: string,
  container: string,
  staging: string,
): Promise<void> {
  const manifest = await readManifest(store, folder);
  const files = manifest.files.filter((file) => file.path.startsWith(`${container}/`));
  if (files.length === 0)
    throw new StepError('fetch', `the checkpoint at '${folder}' holds no container '${container}'`);
  await makeStaging(
    staging,
    files.reduce((sum, file) => sum + file.bytes, 0),
  );
  const waiting = [...files];
  const worker = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift())
      await fetchFile(store, folder, file, staging);
  };
  const ended = await Promise.allSettled(Array.from({ length: FETCHES_AT_ONCE }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}

type ManifestFile = CheckpointManifest['files'][number];

async function fetchFile(store: Store, folder: string, file: ManifestFile, staging: string): Promise<void> {
  const name = path.posix.basename(file.path);
  const target = name === LAYER_FILE || name === SHM_FILE ? name : `${IMAGE_DIR}/${name}`;
  if (!STATE_FILE.test(target)) throw new StepError('fetch', `unexpected '${file.path}' in the checkpoint`);
  const hash = createHash('sha256');
  const source = store.read(below(storePath(folder), ...file.path.split('/')), FETCH_LIMIT_MS);
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      hash.update(chunk);
      yield chunk;
    }
  }
  await pipeline(
    Readable.from(hashed()),
    createWriteStream(path.join(staging, target), { mode: 0o600, flags: 'wx' }),
  );
  if (hash.digest('hex') !== file.sha256)
    throw new StepError('fetch', `'${folder}/${file.path}' on the store is not what was written there`);
}

async function makeStaging(staging: string, bytes: number): Promise<void> {
  await requireSpace(path.dirname(staging), bytes);
  await mkdir(path.join(staging, IMAGE_DIR), { recursive: true, mode: 0o700 });
}
