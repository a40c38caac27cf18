import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * CRIU writes the dumped host name into the UTS namespace that the restored container shares with its new sandbox. The
 * image `utsns-N.img` is therefore given the new pod's name before the restore: 8 bytes of magic, the entry's length,
 * and the protobuf message { string nodename = 1; string domainname = 2; }.
 *
 * https://github.com/checkpoint-restore/criu/blob/criu-dev/images/utsns.proto, https://criu.org/Images
 */
export async function setImageHostName(imageDir: string, hostName: string): Promise<void> {
  const images = (await readdir(imageDir)).filter((name) => /^utsns-\d+\.img$/.test(name));
  for (const name of images) {
    const file = path.join(imageDir, name);
    await writeFile(file, withHostName(await readFile(file), hostName));
  }
}

const HEADER = 8;
const LENGTH = 4;
/** Field 1 and 2 of a protobuf message, both strings. */
const NODE_NAME = 0x0a;

/** The image with another node name; all else stays. Throws when it does not look as described above. */
export function withHostName(image: Buffer, hostName: string): Buffer {
  const length = image.length >= HEADER + LENGTH ? image.readUInt32LE(HEADER) : -1;
  const entry = image.subarray(HEADER + LENGTH);
  if (length !== entry.length) throw new Error('utsns image with an unexpected length');
  const fields = stringFields(entry).filter(({ key }) => key !== NODE_NAME);
  const changed = Buffer.concat([
    stringField(NODE_NAME, Buffer.from(hostName)),
    ...fields.map(({ key, value }) => stringField(key, value)),
  ]);
  const head = Buffer.from(image.subarray(0, HEADER + LENGTH));
  head.writeUInt32LE(changed.length, HEADER);
  return Buffer.concat([head, changed]);
}

interface Field {
  key: number;
  value: Buffer;
}

/** Host and domain names have at most 64 bytes, so that keys and lengths are single bytes. */
function stringFields(entry: Buffer): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < entry.length; ) {
    const key = entry[at] ?? 0;
    const length = entry[at + 1] ?? 0x80;
    const end = at + 2 + length;
    if ((key & 7) !== 2 || length >= 0x80 || end > entry.length)
      throw new Error('utsns image with an unexpected field');
    fields.push({ key, value: entry.subarray(at + 2, end) });
    at = end;
  }
  return fields;
}

function stringField(key: number, value: Buffer): Buffer {
  if (value.length >= 0x80) throw new Error('a host name of 128 bytes or more');
  return Buffer.concat([Buffer.from([key, value.length]), value]);
}
