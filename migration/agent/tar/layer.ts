import path from 'node:path';
import { BLOCK, makeHeader, padding, TYPE } from './header.ts';
import { type PaxRecords, paxBlocks } from './pax.ts';
import { readTar, type TarMember } from './reader.ts';

/**
 * A container's writable layer as a tar archive. Overlayfs marks deletions in its upper directory with things that only
 * it may make: character devices 0:0 ("whiteouts") and the attribute trusted.overlay.opaque. Here they are written the
 * way OCI image layers write them, as empty files `.wh.NAME` and `.wh..wh..opq`, so that any reader can apply them.
 *
 * https://docs.kernel.org/filesystems/overlayfs.html, https://github.com/opencontainers/image-spec/blob/main/layer.md
 */

export const WHITEOUT_PREFIX = '.wh.';
export const OPAQUE_MARKER = '.wh..wh..opq';

const OVERLAY_ATTRIBUTE = 'SCHILY.xattr.trusted.overlay.';
/** Attributes with which a directory or file of the layer points into the layers below: not expressible here. */
const POINTERS = ['redirect', 'metacopy'];

/** Translates GNU tar's archive of an upper directory. Throws on what a plain archive cannot express. */
export async function* translateLayer(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const whiteouts = new Set<string>();
  for await (const member of readTar(stream)) {
    refuseReserved(member);
    if (isWhiteout(member, whiteouts)) {
      whiteouts.add(member.path);
      yield marker(path.posix.dirname(member.path), WHITEOUT_PREFIX + path.posix.basename(member.path));
      continue;
    }
    yield* passOn(member);
    if (isOpaque(member)) yield marker(member.path, OPAQUE_MARKER);
  }
  yield Buffer.alloc(2 * BLOCK);
}

/** Overlayfs shares one inode among whiteouts: all but the first are hard links in the archive. */
function isWhiteout(member: TarMember, known: ReadonlySet<string>): boolean {
  const { header } = member;
  if (header.type === TYPE.link) return known.has(member.linkPath);
  return header.type === TYPE.character && header.deviceMajor === 0 && header.deviceMinor === 0;
}

function isOpaque(member: TarMember): boolean {
  return member.pax.get(`${OVERLAY_ATTRIBUTE}opaque`)?.toString('latin1') === 'y';
}

function refuseReserved(member: TarMember): void {
  if (path.posix.basename(member.path).startsWith(WHITEOUT_PREFIX))
    throw new Error(
      `the writable layer has a file named ${member.path}: names with ${WHITEOUT_PREFIX} mean deletions`,
    );
  for (const pointer of POINTERS)
    if (member.pax.has(OVERLAY_ATTRIBUTE + pointer))
      throw new Error(`the writable layer refers to lower layers (${pointer} of ${member.path})`);
}

async function* passOn(member: TarMember): AsyncGenerator<Buffer> {
  const kept: PaxRecords = new Map([...member.pax].filter(([key]) => !key.startsWith(OVERLAY_ATTRIBUTE)));
  yield paxBlocks(kept);
  yield member.rawHeader;
  yield* member.body();
  yield Buffer.alloc(padding(member.size));
}

function marker(directory: string, name: string): Buffer {
  const full = path.posix.join(directory, name);
  const short = Buffer.byteLength(full) <= 100;
  const pax: PaxRecords = short ? new Map() : new Map([['path', Buffer.from(full)]]);
  return Buffer.concat([
    paxBlocks(pax),
    makeHeader({ name: short ? full : name.slice(0, 24), type: TYPE.file }),
  ]);
}
