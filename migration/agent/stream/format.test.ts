import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamDecoder, StreamEncoder } from './format.ts';

/** Keeps what arrives, as a receiver would on disk. */
class Kept {
  readonly files = new Map<string, Buffer>();
  readonly ended: string[] = [];

  begin(path: string): void {
    this.files.set(path, Buffer.alloc(0));
  }
  data(path: string, bytes: Buffer): void {
    this.files.set(path, Buffer.concat([this.files.get(path) ?? Buffer.alloc(0), bytes]));
  }
  end(path: string, bytes: number): void {
    expect(this.files.get(path)).toHaveLength(bytes);
    this.ended.push(path);
  }
  beginMemory(path: string): void {
    this.begin(path);
  }
  copy(): void {
    throw new Error('nothing was sent before');
  }
  endMemory(path: string, bytes: number): void {
    this.end(path, bytes);
  }
}

interface Piece {
  path: string;
  bytes: Buffer;
}

/** Files, written piece by piece in the given order, all open until the last. */
function encode(pieces: readonly Piece[]): Buffer {
  const encoder = new StreamEncoder();
  const numbers = new Map<string, number>();
  const parts: Buffer[] = [];
  for (const { path, bytes } of pieces) {
    let file = numbers.get(path);
    if (file === undefined) {
      const begun = encoder.begin(path);
      file = begun.file;
      numbers.set(path, file);
      parts.push(begun.record);
    }
    parts.push(encoder.data(file, bytes), bytes);
  }
  for (const file of [...numbers.values()].reverse()) parts.push(encoder.end(file));
  return Buffer.concat([...parts, encoder.finish()]);
}

function decode(stream: Buffer, cuts: readonly number[] = []): Kept {
  const kept = new Kept();
  const decoder = new StreamDecoder(kept);
  let at = 0;
  for (const cut of [...cuts.map((cut) => cut % (stream.length + 1)), stream.length].sort((a, b) => a - b)) {
    decoder.write(stream.subarray(at, cut));
    at = cut;
  }
  decoder.finish();
  return kept;
}

const pieces = fc.array(
  fc.record({
    path: fc.constantFrom('main/image/pages-1.img', 'main/image/core-1.img', 'main/rw.tar', '_pod/shm.tar'),
    bytes: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  }),
  { maxLength: 30 },
);
const cuts = fc.array(fc.nat(), { maxLength: 20 });

describe('a state in a stream', () => {
  it('arrives as it was sent, however files are interleaved and the stream is cut', () => {
    fc.assert(
      fc.property(pieces, cuts, (given, where) => {
        const { files, ended } = decode(encode(given), where);
        const sent = new Map<string, Buffer>();
        for (const { path, bytes } of given)
          sent.set(path, Buffer.concat([sent.get(path) ?? Buffer.alloc(0), bytes]));
        expect(files).toEqual(sent);
        expect(new Set(ended)).toEqual(new Set(sent.keys()));
      }),
    );
  });

  it('never passes with any byte changed', () => {
    fc.assert(
      fc.property(pieces, fc.nat(), fc.integer({ min: 1, max: 255 }), (given, where, change) => {
        const stream = encode(given);
        const at = where % stream.length;
        stream.writeUInt8(stream.readUInt8(at) ^ change, at);
        expect(() => decode(stream)).toThrow();
      }),
    );
  });

  it('never passes when it is cut short, or goes on', () => {
    fc.assert(
      fc.property(pieces, fc.nat(), (given, where) => {
        const stream = encode(given);
        expect(() => decode(stream.subarray(0, where % stream.length))).toThrow();
        expect(() =>
          decode(Buffer.concat([stream, stream.subarray(0, 1 + (where % stream.length))])),
        ).toThrow('goes on after its end');
      }),
    );
  });

  it('does not end while a file is open', () => {
    const encoder = new StreamEncoder();
    encoder.begin('main/rw.tar');
    expect(() => encoder.finish()).toThrow('1 files of the state have not ended');
  });

  it('names the file that was damaged', () => {
    const stream = encode([{ path: 'main/rw.tar', bytes: Buffer.from('layer') }]);
    stream.write('L', stream.indexOf('layer'));
    expect(() => decode(stream)).toThrow("'main/rw.tar' did not arrive as it was sent (5 bytes)");
  });

  it('has no file twice', () => {
    const encoder = new StreamEncoder();
    const stream = Buffer.concat([encoder.begin('a').record, encoder.begin('a').record]);
    expect(() => decode(stream)).toThrow("the state has 'a' twice");
  });
});
