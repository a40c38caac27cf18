import { createHash, randomUUID } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import type {
  CheckpointManifest,
  RemoveCheckpointRequest,
  StoredCheckpoint,
  StoredCheckpointQuery,
} from '../../contract/agent-api.ts';
import { RequestError } from '../failure.ts';
import { MANIFEST_FILE } from '../state-layout.ts';
import { type ReadManifest, readManifest } from './checkpoint-manifest.ts';
import { MountStore } from './mount-store.ts';
import { below, checkpointPath, OWN_FOLDER, resolveBelow, type StorePath, storePath } from './path.ts';
import { sha256Sums } from './sha256-sums.ts';

/** How many verdicts are remembered; each is some hundred bytes. */
const MOST_VERDICTS = 2000;

/** What came of comparing every byte. `problem` names the file. */
interface Verdict {
  at: string;
  problem: string | undefined;
}

/**
 * The checkpoints that stand on the store, as its keeper sees them: there the files are local. Bytes are compared by a program
 * of its own, so that nothing here waits for it, and only once: a verdict holds for as long as no file's inode, size and times change
 * (https://man7.org/linux/man-pages/man7/inode.7.html: the time of the last status change cannot be set back).
 */
export class KeptCheckpoints {
  readonly #root: string;
  readonly #store: MountStore;
  readonly #sums: typeof sha256Sums;
  readonly #verdicts = new Map<string, Verdict>();
  readonly #running = new Map<string, Promise<Verdict>>();

  constructor(root: string, sums: typeof sha256Sums = sha256Sums) {
    this.#root = root;
    this.#store = new MountStore(root);
    this.#sums = sums;
  }

  /** RequestError 404 when there is none, 422 when it is damaged, with the file's name. */
  async look({ path: text, check }: StoredCheckpointQuery): Promise<StoredCheckpoint> {
    const folder = checkpointPath(text);
    const { manifest, sha256 } = await this.#manifest(folder);
    const files = await this.#files(folder, manifest);
    const fingerprint = fingerprintOf(sha256, files);
    const verdict =
      check === 'contents' ? await this.#verdict(fingerprint, files) : this.#verdicts.get(fingerprint);
    if (verdict?.problem !== undefined) throw damaged(folder, verdict.problem);
    const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
    return { manifest, sha256, bytes, verifiedAt: verdict?.at ?? null };
  }

  /**
   * Removes the checkpoint of this pod and time, if that is what stands there. One whose manifest cannot be read any more is
   * taken for it: the operator asks only for what it saw there. A directory without any manifest is nobody's checkpoint.
   */
  async remove({ path: text, podUid, createdAt }: RemoveCheckpointRequest): Promise<boolean> {
    const folder = checkpointPath(text);
    if (!(await this.#store.stat(below(folder, MANIFEST_FILE)))) return false;
    const found = await readManifest(this.#store, folder).catch(() => undefined);
    if (found !== undefined && !isOf(found.manifest, podUid, createdAt)) return false;
    // First out of sight, in one step: nobody finds half of it.
    const trash = storePath(`${OWN_FOLDER}/trash/${randomUUID()}`);
    await this.#store.rename(folder, trash);
    await this.#store.remove(trash);
    return true;
  }

  async #manifest(folder: StorePath): Promise<ReadManifest> {
    if (!(await this.#store.stat(below(folder, MANIFEST_FILE))))
      throw new RequestError(404, `there is no checkpoint at '/${folder}': no ${MANIFEST_FILE}`, 'store');
    return readManifest(this.#store, folder).catch((error: Error) => {
      throw new RequestError(422, error.message, 'store');
    });
  }

  async #files(folder: StorePath, manifest: CheckpointManifest): Promise<CheckpointFile[]> {
    const files: CheckpointFile[] = [];
    for (const file of manifest.files) {
      const local = await resolveBelow(this.#root, below(folder, ...file.path.split('/')));
      const stats = await lstat(local, { bigint: true }).catch(() => undefined);
      if (stats === undefined || !stats.isFile()) throw damaged(folder, `'${file.path}' is missing from it`);
      if (stats.size !== BigInt(file.bytes))
        throw damaged(folder, `'${file.path}' has ${stats.size} bytes instead of ${file.bytes}`);
      files.push({ name: file.path, local, sha256: file.sha256, stats });
    }
    return files;
  }

  async #verdict(fingerprint: string, files: readonly CheckpointFile[]): Promise<Verdict> {
    const known = this.#verdicts.get(fingerprint);
    if (known !== undefined) return known;
    const running = this.#running.get(fingerprint) ?? this.#compare(fingerprint, files);
    this.#running.set(fingerprint, running);
    return running.finally(() => this.#running.delete(fingerprint));
  }

  async #compare(fingerprint: string, files: readonly CheckpointFile[]): Promise<Verdict> {
    const at = new Date().toISOString();
    const sums = await this.#sums(files.map(({ local }) => local));
    const wrong = files.find(({ local, sha256 }) => sums.get(local) !== sha256);
    const problem = wrong && whatIsWrong(wrong, sums);
    const verdict = { at, problem };
    this.#verdicts.set(fingerprint, verdict);
    const [oldest] = this.#verdicts.keys();
    if (this.#verdicts.size > MOST_VERDICTS && oldest !== undefined) this.#verdicts.delete(oldest);
    return verdict;
  }
}

interface CheckpointFile {
  /** As the manifest names it. */
  name: string;
  local: string;
  sha256: string;
  stats: BigIntStats;
}

function fingerprintOf(manifest: string, files: readonly CheckpointFile[]): string {
  const hash = createHash('sha256').update(manifest);
  for (const { stats } of files)
    hash.update(`${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs};`);
  return hash.digest('hex');
}

const isOf = ({ source, createdAt }: CheckpointManifest, podUid: string, wanted: string | undefined) =>
  source.podUid === podUid && (wanted === undefined || createdAt === wanted);

const whatIsWrong = ({ name, local }: CheckpointFile, sums: ReadonlyMap<string, string>): string =>
  sums.has(local) ? `'${name}' is not what was written` : `'${name}' cannot be read`;

const damaged = (folder: StorePath, problem: string): RequestError =>
  new RequestError(422, `the checkpoint at '/${folder}' is damaged: ${problem}`, 'store');
