import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { CheckpointManifest } from '../../contract/agent-api.ts';
import { belongsElsewhere } from '../../contract/checkpoint-owner.ts';
import { setAsidePath } from '../../contract/checkpoint-path.ts';
import { StepError } from '../failure.ts';
import { DESCRIPTORS_FILE, MANIFEST_FILE } from '../state-layout.ts';
import { storedPath } from '../store/checkpoint-files.ts';
import { ownerOf, readManifest } from '../store/checkpoint-manifest.ts';
import { below, OWN_FOLDER, type StorePath, storePath, withParents } from '../store/path.ts';
import type { Store } from '../store/store.ts';
import { partsOf } from './archive.ts';

const UPLOADS_AT_ONCE = 3;
const UPLOAD_LIMIT_MS = 10 * 60_000;

export interface Uploaded {
  /** Of all files but the manifest. */
  bytes: number;
  /** SHA-256 of the manifest. */
  sha256: string;
}

/**
 * How one checkpoint gets onto the store: file by file into a folder of ours, then into its place by one rename. Whoever waits
 * for descriptors.json never sees half a checkpoint, and an earlier one stands there until then.
 */
export class StoreCheckpoint {
  readonly #store: Store;
  readonly #folder: StorePath;
  readonly #incoming: StorePath;
  readonly #previous: StorePath;

  /** @param folder where the checkpoint is to stand */
  constructor(store: Store, id: string, folder: StorePath) {
    this.#store = store;
    this.#folder = folder;
    this.#incoming = storePath(`${OWN_FOLDER}/incoming/${id}`);
    this.#previous = storePath(`${OWN_FOLDER}/previous/${id}`);
  }

  /**
   * StepError `store` when something stands there that is no checkpoint, or one of another namespace, also further up: nothing of
   * somebody else's is put away, and nothing of ours goes when they remove theirs.
   */
  async requirePlace(namespace: string): Promise<void> {
    const found = await this.#store.stat(this.#folder);
    if (found !== undefined) {
      const names = found.kind === 'directory' ? await this.#store.list(this.#folder) : undefined;
      const mayGo = names?.length === 0 || names?.some(({ name }) => name === MANIFEST_FILE);
      if (!mayGo) throw this.#taken('something stands there that is no checkpoint (it has no podferry.json)');
    }
    for (const folder of withParents(this.#folder)) {
      const owner = await ownerOf(this.#store, folder);
      const objection = owner === undefined ? undefined : belongsElsewhere(owner, namespace, folder);
      if (objection !== undefined) throw this.#taken(objection);
    }
  }

  /** Copies a staged state, its manifest, and as the last descriptors.json. An abort of the signal ends it between two files. */
  async upload(
    staging: string,
    about: Omit<CheckpointManifest, 'files'>,
    signal: AbortSignal,
  ): Promise<Uploaded> {
    await this.#store.remove(this.#incoming);
    for (const container of [...about.containers, '_pod'])
      await this.#store.mkdir(below(this.#incoming, container));
    const parts = await partsOf(staging);
    const last = parts.filter((part) => part.endsWith(`/${DESCRIPTORS_FILE}`));
    const files = await this.#copy(
      staging,
      parts.filter((part) => !last.includes(part)),
      signal,
    );
    for (const part of last) files.push(await sumOf(staging, part));
    files.sort((a, b) => (a.path < b.path ? -1 : 1));
    const text = `${JSON.stringify({ ...about, files } satisfies CheckpointManifest, undefined, 2)}\n`;
    await writeFile(path.join(staging, MANIFEST_FILE), text, { mode: 0o600 });
    await this.#put(staging, MANIFEST_FILE, MANIFEST_FILE);
    for (const part of last) await this.#put(staging, part, storedPath(part));
    signal.throwIfAborted();
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    return { bytes, sha256: createHash('sha256').update(text).digest('hex') };
  }

  /** Gives what was uploaded its place. An earlier checkpoint is set aside under its time, or removed. */
  async putInPlace(keepPrevious: boolean): Promise<void> {
    if (await this.#store.stat(this.#folder)) await this.#store.rename(this.#folder, this.#previous);
    await this.#store.rename(this.#incoming, this.#folder);
    await this.#settlePrevious(keepPrevious);
  }

  /** After a failure or a crash: removes what was uploaded, and an earlier checkpoint is back in its place. */
  async undo(keepPrevious: boolean): Promise<void> {
    await this.#store.remove(this.#incoming);
    await this.#settlePrevious(keepPrevious);
  }

  #taken(what: string): StepError {
    return new StepError('store', `no checkpoint can be put to '/${this.#folder}': ${what}`);
  }

  async #settlePrevious(keep: boolean): Promise<void> {
    if (!(await this.#store.stat(this.#previous))) return;
    if (!(await this.#store.stat(this.#folder))) return this.#store.rename(this.#previous, this.#folder);
    // One whose manifest cannot be read is nothing that could be restored.
    const found = keep ? await readManifest(this.#store, this.#previous).catch(() => undefined) : undefined;
    if (found === undefined) return this.#store.remove(this.#previous);
    await this.#store.rename(this.#previous, storePath(setAsidePath(this.#folder, found.manifest.createdAt)));
  }

  async #copy(staging: string, parts: readonly string[], signal: AbortSignal): Promise<ManifestFile[]> {
    const waiting = [...parts];
    const files: ManifestFile[] = [];
    const worker = async (): Promise<void> => {
      for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
        signal.throwIfAborted();
        files.push(await sumOf(staging, part));
        await this.#put(staging, part, storedPath(part));
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: UPLOADS_AT_ONCE }, worker));
    for (const end of ended) if (end.status === 'rejected') throw end.reason;
    return files;
  }

  #put(staging: string, part: string, stored: string): Promise<void> {
    const file = below(this.#incoming, ...stored.split('/'));
    return this.#store.put(path.join(staging, part), file, UPLOAD_LIMIT_MS);
  }
}

type ManifestFile = CheckpointManifest['files'][number];

async function sumOf(staging: string, part: string): Promise<ManifestFile> {
  const local = path.join(staging, part);
  const hash = createHash('sha256');
  await pipeline(createReadStream(local), hash);
  return { path: storedPath(part), bytes: (await stat(local)).size, sha256: hash.digest('hex') };
}
