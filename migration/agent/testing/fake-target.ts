import { PassThrough } from 'node:stream';
import type { RestoreRequest, TargetRecord } from '../../contract/agent-api.ts';
import { StepError } from '../failure.ts';
import type { TargetLink, Upload, UploadRequest } from '../source/target-link.ts';
import { storePath } from '../store/path.ts';
import type { Store } from '../store/store.ts';
import { StreamDecoder } from '../stream/format.ts';
import { readTar } from '../tar/reader.ts';

/** A target that does as it is told by the test, and keeps the state that it was sent. */
export class FakeTarget implements TargetLink {
  readonly #id: string;
  readonly #store: Store;
  /** What it was asked for, in order. */
  readonly calls: string[] = [];
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
    const body = new PassThrough();
    signal.addEventListener('abort', () => body.destroy(signal.reason as Error));
    return { body, answer: this.#receive(body) };
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

  async #receive(body: PassThrough): Promise<TargetRecord> {
    const pieces = new Map<string, Buffer[]>();
    const decoder = new StreamDecoder({
      begin: (path) => void pieces.set(path, []),
      data: (path, bytes) => void pieces.get(path)?.push(Buffer.from(bytes)),
      end: (path) => void this.files.set(path, Buffer.concat(pieces.get(path) ?? [])),
    });
    for await (const chunk of body as AsyncIterable<Buffer>) decoder.write(chunk);
    decoder.finish();
    return this.#received();
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
