import type {
  CheckpointManifest,
  CheckpointRequest,
  RemoveCheckpointRequest,
  StoredCheckpoint,
} from '../../contract/agent-api.ts';
import { setAsidePath } from '../../contract/checkpoint-path.ts';
import { AgentRefusal } from '../agents.ts';

const HOUR_MS = 3600_000;

/** The checkpoints of a store and its keeper, in memory. Paths are given with or without a leading slash. */
export class FakeStore {
  /** What is wrong with a checkpoint, by path. */
  readonly damage = new Map<string, string>();
  readonly #checkpoints = new Map<string, StoredCheckpoint>();
  #taken = 0;

  /** Paths at which a checkpoint stands, with a leading slash. */
  get paths(): string[] {
    return [...this.#checkpoints.keys()].map((path) => `/${path}`).sort();
  }

  put(path: string, manifest: CheckpointManifest): void {
    const sha256 = hashOf(manifest);
    this.#checkpoints.set(plain(path), { manifest, sha256, bytes: 500, verifiedAt: null });
  }

  /** What an agent does with a complete checkpoint; each is taken an hour after the one before. Returns its hash. */
  take(request: CheckpointRequest): string {
    const path = plain(request.path);
    const before = this.#checkpoints.get(path);
    if (before && request.keepPrevious)
      this.#checkpoints.set(setAsidePath(path, before.manifest.createdAt), before);
    this.#taken += 1;
    const createdAt = new Date(Date.parse('2026-01-01T00:00:00Z') + this.#taken * HOUR_MS).toISOString();
    const { source, containers, images, template } = request;
    const about = { source, containers, images, ...(template && { template }) };
    const manifest = { version: 2 as const, createdAt, node: 'worker1', ...about, files: [] };
    this.put(path, manifest);
    return hashOf(manifest);
  }

  look(path: string): StoredCheckpoint {
    const problem = this.damage.get(plain(path));
    if (problem !== undefined) throw new AgentRefusal(problem, 422, 'store', []);
    const found = this.#checkpoints.get(plain(path));
    if (!found) throw new AgentRefusal(`there is no checkpoint at '/${plain(path)}'`, 404, 'store', []);
    return found;
  }

  /** Also by hand, without a word to anybody. */
  drop(path: string): void {
    this.#checkpoints.delete(plain(path));
    this.damage.delete(plain(path));
  }

  remove({ path, podUid, createdAt }: RemoveCheckpointRequest): { removed: boolean } {
    const manifest = this.#checkpoints.get(plain(path))?.manifest;
    const isOfThen = createdAt === undefined || manifest?.createdAt === createdAt;
    const isIt = isOfThen && manifest?.source.podUid === podUid;
    if (isIt) this.drop(path);
    return { removed: isIt };
  }
}

const plain = (path: string): string => path.replace(/^\//, '');
const hashOf = (manifest: CheckpointManifest): string => `sha256 of ${manifest.createdAt}`;
