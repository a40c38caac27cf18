import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { AgentFailure, CheckpointManifest, CheckpointRequest } from '../../contract/agent-api.ts';
import { failureOf, inStep } from '../failure.ts';
import type { Logger } from '../log.ts';
import type { Records } from '../records.ts';
import { DESCRIPTORS_FILE, IMAGE_DIR, MANIFEST_FILE } from '../state-layout.ts';
import { milliseconds, Stopwatch } from '../stopwatch.ts';
import { below, OWN_FOLDER, type StorePath, storePath, userPath } from '../store/path.ts';
import type { Store } from '../store/store.ts';
import { stagingName } from '../tidy.ts';
import { partsOf } from './archive.ts';
import type { Containers } from './containers.ts';
import type { CheckpointDocument } from './record.ts';

/**
 * One checkpoint of a container that goes on running.
 *
 *   state      meaning                                                        left by
 *   dumping    being frozen and dumped into memory                            done, and thawed -> uploading; error -> failed
 *   uploading  runs again; the files go to the store, in a folder of ours     put in its place -> complete; error -> failed
 *   complete   final: stands on the store, whole
 *   failed     final: the container runs on; what stood on the store before still stands there
 *
 * The container is thawed on every way out of `dumping`; a restarted agent does that first, and then fails the
 * checkpoint. The directory gets its name only when it is complete, by one rename: whoever waits for descriptors.json never
 * sees half a checkpoint, and an earlier one of the same name is there until then.
 */
export class Checkpoint {
  readonly #context: CheckpointContext;
  readonly #log: Logger;
  #document: CheckpointDocument;
  #run: Promise<void> = Promise.resolve();

  constructor(document: CheckpointDocument, context: CheckpointContext) {
    this.#context = context;
    this.#log = context.log.child({ migration: document.id, side: 'checkpoint' });
    this.#document = document;
  }

  get document(): CheckpointDocument {
    return this.#document;
  }

  /** Resolves when the checkpoint is complete or failed. */
  ended(): Promise<void> {
    return this.#run;
  }

  start(request: CheckpointRequest): void {
    this.#run = this.#checkpoint(request).catch((error: unknown) => this.#unrecorded(error));
  }

  /** After a restart of the agent, with a record that says `dumping` or `uploading`. */
  resume(): void {
    this.#run = this.#recover().catch((error: unknown) => this.#unrecorded(error));
  }

  async #checkpoint(request: CheckpointRequest): Promise<void> {
    const watch = new Stopwatch();
    try {
      const folder = userPath(request.path);
      await this.#dump(request, watch);
      await this.#save({ state: 'uploading', timings: [...watch.timings] });
      const bytes = await watch.phase('upload', () => inStep('upload', () => this.#upload(request, folder)));
      await this.#cleanUp();
      await this.#save({ state: 'complete', bytes, timings: [...watch.timings] });
      this.#log.info({ bytes, timings: watch.timings, path: folder }, 'checkpoint complete');
    } catch (error) {
      await this.#fail(failureOf(error, 'checkpoint'), watch);
    }
  }

  async #dump(request: CheckpointRequest, watch: Stopwatch): Promise<void> {
    const { containers } = this.#context;
    const container = await containers.prepare(request.source, this.#places(), 1);
    await this.#save({ containerId: container.id, cgroup: container.cgroup });
    const began = performance.now();
    await watch.phase('freeze', () => containers.freeze(container.cgroup));
    try {
      await containers.capture(container, this.#places(), watch);
    } finally {
      await watch.phase('thaw', async () => containers.thaw(container.cgroup));
      this.#document = { ...this.#document, freezeMs: milliseconds(performance.now() - began) };
    }
  }

  /** Uploads into a folder of ours, then swaps it into place. Returns the checkpoint's size in bytes. */
  async #upload(request: CheckpointRequest, folder: StorePath): Promise<number> {
    const { store } = this.#context;
    const incoming = this.#incoming();
    await store.remove(incoming);
    await store.mkdir(below(incoming, request.source.container));
    const files = await this.#uploadFiles(request.source.container, incoming);
    await this.#uploadManifest({ ...this.#manifest(request), files }, incoming);
    const old = storePath(`${OWN_FOLDER}/trash/${this.#document.id}`);
    await store.remove(old);
    if (await store.stat(folder)) await store.rename(folder, old);
    await store.rename(incoming, folder);
    await store.remove(old);
    return files.reduce((sum, file) => sum + file.bytes, 0);
  }

  async #uploadFiles(container: string, incoming: StorePath): Promise<CheckpointManifest['files']> {
    const { staging } = this.#places();
    const last = `${IMAGE_DIR}/${DESCRIPTORS_FILE}`;
    const waiting = (await partsOf(staging)).filter((name) => name !== last);
    const files: CheckpointManifest['files'] = [];
    const upload = async (name: string): Promise<void> => {
      const local = path.join(staging, name);
      const stored = `${container}/${path.posix.basename(name)}`;
      const sum = await sumOf(local);
      await this.#context.store.put(local, below(incoming, ...stored.split('/')), UPLOAD_LIMIT_MS);
      files.push({ path: stored, ...sum });
    };
    const worker = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await upload(name);
    };
    const ended = await Promise.allSettled(Array.from({ length: UPLOADS_AT_ONCE }, worker));
    for (const end of ended) if (end.status === 'rejected') throw end.reason;
    await upload(last);
    return files.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  async #uploadManifest(manifest: CheckpointManifest, incoming: StorePath): Promise<void> {
    const local = path.join(this.#places().staging, MANIFEST_FILE);
    await writeFile(local, `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600 });
    await this.#context.store.put(local, below(incoming, MANIFEST_FILE), UPLOAD_LIMIT_MS);
  }

  #manifest(request: CheckpointRequest): Omit<CheckpointManifest, 'files'> {
    const { source, image, template } = request;
    const createdAt = new Date().toISOString();
    return { version: 1, createdAt, node: this.#context.node, source, image, ...(template && { template }) };
  }

  async #recover(): Promise<void> {
    const { containerId, cgroup, state } = this.#document;
    if (state === 'dumping' && containerId !== null && cgroup !== null) {
      await this.#context.containers.untilNoDump(containerId);
      this.#context.containers.thaw(cgroup);
    }
    const message = 'the agent was restarted during the checkpoint';
    await this.#fail({ step: 'checkpoint', message, criuLog: [] }, new Stopwatch());
  }

  async #fail(failure: AgentFailure, watch: Stopwatch): Promise<void> {
    this.#log.error({ failure }, 'checkpoint failed');
    await this.#cleanUp();
    await this.#context.store
      .remove(this.#incoming())
      .catch((error: unknown) => this.#log.warn({ error: String(error) }, 'left behind on the store'));
    await this.#save({ state: 'failed', failure, timings: [...watch.timings] });
  }

  #unrecorded(error: unknown): void {
    this.#log.error({ error: String(error) }, 'not recorded');
  }

  #incoming(): StorePath {
    return storePath(`${OWN_FOLDER}/incoming/${this.#document.id}`);
  }

  #places(): { staging: string; logDir: string } {
    const { imagesDir, logDir } = this.#context;
    return {
      staging: path.join(imagesDir, stagingName(this.#document.id, 'source')),
      logDir: path.join(logDir, this.#document.id),
    };
  }

  async #save(part: Partial<CheckpointDocument>): Promise<void> {
    this.#document = { ...this.#document, ...part, changedAt: new Date().toISOString() };
    await this.#context.records.save(this.#document);
  }

  #cleanUp(): Promise<void> {
    return rm(this.#places().staging, { recursive: true, force: true });
  }
}

export interface CheckpointContext {
  node: string;
  records: Records<CheckpointDocument>;
  store: Store;
  containers: Containers;
  /** Staging of images; in memory. */
  imagesDir: string;
  /** CRIU's logs, a folder for each id. */
  logDir: string;
  log: Logger;
}

const UPLOADS_AT_ONCE = 3;
const UPLOAD_LIMIT_MS = 10 * 60_000;

async function sumOf(file: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return { bytes: (await stat(file)).size, sha256: hash.digest('hex') };
}
