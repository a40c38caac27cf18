import { BLOCK, makeHeader, padding, TYPE } from './header.ts';

/**
 * Records of a pax extended header, "<length> <key>=<value>\n" each, in order. Values are bytes: extended attributes
 * need not be text.
 */
export type PaxRecords = Map<string, Buffer>;

/** Reads the records; throws on a malformed one. */
export function parsePax(body: Buffer): PaxRecords {
  const records: PaxRecords = new Map();
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(body.toString('latin1', at, space));
    const end = at + length;
    const equals = body.indexOf(0x3d, space);
    const sound = Number.isInteger(length) && end <= body.length && equals > space && equals < end;
    if (!sound || body[end - 1] !== 0x0a) throw new Error('malformed pax record');
    records.set(body.toString('utf8', space + 1, equals), body.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** The body of an extended header that holds these records. */
export function formatPax(records: PaxRecords): Buffer {
  return Buffer.concat([...records].map(([key, value]) => formatRecord(key, value)));
}

/** The length counts its own digits. */
function formatRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.byteLength(key) + value.length + 3;
  let length = rest + 1;
  while (rest + String(length).length !== length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from('\n')]);
}

/** The blocks of an extended header, ready to stand before the header they extend. None for no records. */
export function paxBlocks(records: PaxRecords): Buffer {
  if (records.size === 0) return Buffer.alloc(0);
  const body = formatPax(records);
  const header = makeHeader({ name: 'PaxHeaders/extended', type: TYPE.pax, size: body.length });
  return Buffer.concat([header, body, Buffer.alloc(padding(body.length) % BLOCK)]);
}
