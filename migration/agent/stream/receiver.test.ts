import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { receiveStream } from './receiver.ts';
import { StateSender } from './sender.ts';

const PAGES = 'app/image/pages-1.img';
const LAYER = 'app/rw.tar';

let staging: string;
let arrived: number;
let whole: string[];

beforeEach(async () => {
  staging = await mkdtemp(path.join(tmpdir(), 'podferry-receiver-'));
  arrived = 0;
  whole = [];
});
afterEach(() => rm(staging, { recursive: true }));

const receive = (body: Readable, more: { compression?: 'zstd'; timeoutMs?: number } = {}) =>
  receiveStream({
    body,
    compression: 'none',
    staging,
    timeoutMs: 20_000,
    onBytes: (bytes) => {
      arrived += bytes;
    },
    onFile: (name) => void whole.push(name),
    onMemory: () => undefined,
    hashesOf: () => {
      throw new Error('nothing was sent before');
    },
    ...more,
  });

/** The bytes of a state, as a source sends it. */
async function sent(files: Record<string, Buffer>): Promise<Buffer> {
  const output = new PassThrough();
  const chunks: Buffer[] = [];
  output.on('data', (chunk: Buffer) => chunks.push(chunk));
  const sender = new StateSender(output);
  for (const [name, content] of Object.entries(files)) await sender.write(name, Readable.from([content]));
  await sender.finish();
  return Buffer.concat(chunks);
}

/** In pieces like those of TLS records. */
function inPieces(bytes: Buffer, size = 16 * 1024): Readable {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return Readable.from(pieces, { objectMode: false });
}

const staged = (name: string) => readFile(path.join(staging, name));

describe('receiveStream', () => {
  it('writes every file as it was sent', async () => {
    const files = { [LAYER]: Buffer.from('layer'), [PAGES]: randomBytes(5_000_001) };
    const bytes = await sent(files);
    await receive(inPieces(bytes));
    expect((await staged(PAGES)).equals(files[PAGES] as Buffer)).toBe(true);
    expect((await staged(LAYER)).toString()).toBe('layer');
    expect(arrived).toBe(bytes.length);
    expect(whole).toEqual([LAYER, PAGES]);
  });

  it('takes bytes one by one, too', async () => {
    await receive(inPieces(await sent({ [LAYER]: Buffer.from('layer') }), 1));
    expect((await staged(LAYER)).toString()).toBe('layer');
  });

  it('takes what zstd has compressed', async () => {
    const input = await sent({ [PAGES]: Buffer.alloc(3_000_000, 'page') });
    const compressed = execFileSync('zstd', ['--quiet', '--stdout'], { input });
    await receive(inPieces(compressed), { compression: 'zstd' });
    expect((await staged(PAGES)).equals(Buffer.alloc(3_000_000, 'page'))).toBe(true);
  });

  it('fails when what zstd has compressed is cut short', async () => {
    const input = await sent({ [PAGES]: randomBytes(300_000) });
    const compressed = execFileSync('zstd', ['--quiet', '--stdout'], { input });
    const cut = inPieces(compressed.subarray(0, -20));
    await expect(receive(cut, { compression: 'zstd' })).rejects.toMatchObject({ step: 'fetch' });
  });

  it('fails when the body ends early', async () => {
    const bytes = await sent({ [PAGES]: randomBytes(100_000) });
    await expect(receive(inPieces(bytes.subarray(0, -1)))).rejects.toMatchObject({ step: 'fetch' });
  });

  it('fails when the connection breaks', async () => {
    const bytes = await sent({ [PAGES]: randomBytes(100_000) });
    const body = new PassThrough();
    body.write(bytes.subarray(0, 50_000));
    setImmediate(() => body.destroy(new Error('ECONNRESET')));
    await expect(receive(body)).rejects.toThrow(/did not arrive: ECONNRESET/);
  });

  it('reads a wrong body to its end, so that its sender hears why', async () => {
    const bytes = await sent({ [PAGES]: randomBytes(3_000_000) });
    bytes.writeUInt8((bytes.readUInt8(100) + 1) % 256, 100);
    const body = inPieces(bytes);
    const closed = new Promise((resolve) => body.once('close', resolve));
    await expect(receive(body)).rejects.toThrow(/checksum/);
    expect(whole).toEqual([]);
    await closed;
    expect(body.readableEnded).toBe(true);
  });

  it('writes nothing outside of the state, and hears the rest out', async () => {
    const bytes = await sent({ '../escaped': Buffer.from('x'), [PAGES]: randomBytes(3_000_000) });
    const body = inPieces(bytes);
    const closed = new Promise((resolve) => body.once('close', resolve));
    await expect(receive(body)).rejects.toThrow(/unexpected '..\/escaped'/);
    await closed;
    expect(body.readableEnded).toBe(true);
  });

  it('gives up on a body that does not end in time', async () => {
    const body = new PassThrough();
    body.write((await sent({ [LAYER]: Buffer.from('layer') })).subarray(0, 10));
    await expect(receive(body, { timeoutMs: 30 })).rejects.toThrow(/longer than 30 ms/);
  });
});
