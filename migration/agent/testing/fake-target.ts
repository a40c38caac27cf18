import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Readable, Transform } from 'node:stream';
import type { RestoreRequest, TargetRecord } from '../../contract/agent-api.ts';
import { StepError } from '../failure.ts';
import type { AheadRequest, TargetLink, Upload, UploadRequest } from '../source/target-link.ts';
import { storePath } from '../store/path.ts';
import type { Store } from '../store/store.ts';
import type { ArrivedMemory } from '../stream/memory-file.ts';
import { receiveStream } from '../stream/receiver.ts';
import type { Staging } from '../stream/staged-files.ts';
import { readTar } from '../tar/reader.ts';
import { AheadMemory } from '../target/ahead.ts';
import { readAsCriu } from './criu-pages.ts';

const LIMIT_MS = 30_000;

/** A target that does as it is told by the test, and keeps the state that it was sent. */
export class FakeTarget implements TargetLink {
  readonly #id: string;
  readonly #store: Store;
  /** What it was asked for, in order. */
  readonly calls: string[] = [];
  /** What it was sent ahead. */
  readonly ahead = new AheadMemory(path.join(tmpdir(), `podferry-fake-ahead-${randomUUID()}`));
  /** Bytes that it was sent, ahead and afterwards. */
  bytes = 0;
  /** The state it received, by path. */
  files = new Map<string, Buffer>();
  state: TargetRecord['state'] = 'waiting';
  /** What becomes of it when it has the state. */
  fate: 'staged' | 'failed' | 'refused' = 'staged';
  /** What becomes of it when it is told to run; an error is thrown as many times as it stands here. */
  resumes: ('restored' | 'failed' | 'refused' | Error)[] = [];
  /** Called when the whole state has arrived, before the answer. */
  whenReceived: () => Promise<void> = async () => undefined;

  constructor(id: string, store: Store) {
    this.#id = id;
    this.#store = store;
  }

  async requireWaiting(): Promise<void> {
    if (this.state !== 'waiting') throw new StepError('prepare', 'nobody waits');
  }

  upload(_request: UploadRequest, signal: AbortSignal): Upload {
    this.calls.push('upload');
    const body = wire();
    signal.addEventListener('abort', () => body.destroy(signal.reason as Error));
    return { body, ready: Promise.resolve(), answer: this.#receive(body) };
  }

  sendAhead(_request: AheadRequest, signal: AbortSignal): Upload {
    this.calls.push('ahead');
    const body = wire();
    signal.addEventListener('abort', () => body.destroy(signal.reason as Error));
    const taken = this.ahead.take((staging) => this.#receiveInto(staging, body));
    return { body, ready: Promise.resolve(), answer: taken.then(() => this.#record()) };
  }

  async restore(request: RestoreRequest): Promise<TargetRecord> {
    this.calls.push('restore');
    const archive = this.#store.read(storePath(request.path), 10_000);
    for await (const member of readTar(archive)) this.files.set(member.path, await joined(member.body()));
    return this.#received();
  }

  async record(): Promise<TargetRecord> {
    this.calls.push('record');
    return this.#record();
  }

  async resume(): Promise<TargetRecord> {
    this.calls.push('resume');
    const next = this.resumes.shift() ?? 'restored';
    if (next instanceof Error) throw next;
    this.state = next;
    return this.#record();
  }

  async refuse(reason: string): Promise<TargetRecord> {
    this.calls.push(`refuse: ${reason}`);
    this.state = 'refused';
    return this.#record();
  }

  close(): void {}

  async #receive(body: Readable): Promise<TargetRecord> {
    const staging = await mkdtemp(path.join(tmpdir(), 'podferry-fake-target-'));
    try {
      const memory = new Map<string, ArrivedMemory>();
      const onMemory = (name: string, arrived: ArrivedMemory) => void memory.set(name, arrived);
      const { hashesOf } = this.ahead;
      await this.#receiveInto({ staging, hashesOf, onFile: () => undefined, onMemory }, body);
      await this.ahead.complete(staging, memory);
      for (const file of await readdir(staging, { recursive: true, withFileTypes: true }))
        if (file.isFile()) {
          const local = path.join(file.parentPath, file.name);
          const name = path.relative(staging, local);
          this.files.set(name, memory.has(name) ? readAsCriu(local) : await readFile(local));
        }
    } finally {
      await rm(staging, { recursive: true });
      await this.ahead.remove();
    }
    return this.#received();
  }

  async #receiveInto(staging: Staging, body: Readable): Promise<void> {
    const onBytes = (bytes: number): void => {
      this.bytes += bytes;
    };
    await receiveStream({ ...staging, body, compression: 'none', timeoutMs: LIMIT_MS, onBytes });
  }

  async #received(): Promise<TargetRecord> {
    await this.whenReceived();
    this.state = this.fate;
    return this.#record();
  }

  #record(): TargetRecord {
    const timings = [{ name: 'restore' as const, startedAt: new Date().toISOString(), ms: 1 }];
    const lost = this.state === 'failed' || this.state === 'refused';
    const failure = lost ? { step: 'restore', message: 'target says no', criuLog: ['x'] } : null;
    return { id: this.#id, state: this.state, podUid: 'uid-2', podIPs: [], timings, failure };
  }
}

async function joined(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(Buffer.from(chunk));
  return Buffer.concat(all);
}

/** What comes out is a copy, as of all that was encrypted and decrypted: the sender may use its buffers again. */
function wire(): Transform {
  return new Transform({ transform: (chunk: Buffer, _encoding, done) => done(null, Buffer.from(chunk)) });
}
