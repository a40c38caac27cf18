/** One of CRIU's images: magic numbers, then entries, each its length in four bytes and a message. https://criu.org/Images */
const HEADER = 8;
const LENGTH = 4;

/** The messages of an image. Throws when it does not look as described above. */
export function entriesOf(image: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  for (let at = HEADER; at < image.length; ) {
    const begin = at + LENGTH;
    at = begin + (begin <= image.length ? image.readUInt32LE(at) : image.length);
    if (at > image.length) throw new Error('an image that ends within an entry');
    entries.push(image.subarray(begin, at));
  }
  return entries;
}

/** The image with other messages. */
export function withEntries(image: Buffer, entries: readonly Buffer[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const length = Buffer.alloc(LENGTH);
    length.writeUInt32LE(entry.length);
    return [length, entry];
  });
  return Buffer.concat([image.subarray(0, HEADER), ...parts]);
}
