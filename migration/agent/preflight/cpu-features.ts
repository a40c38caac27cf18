/**
 * Features that programs use when the CPU has them, by word and bit of CRIU's list, which is the kernel's
 * (compel/arch/x86/src/lib/include/uapi/asm/cpu.h; arch/x86/include/asm/cpufeatures.h): only to name what is missing. Whether
 * two CPUs fit is CRIU's to say.
 */
const FEATURES: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  4: {
    0: 'sse3',
    1: 'pclmulqdq',
    9: 'ssse3',
    12: 'fma',
    13: 'cx16',
    19: 'sse4_1',
    20: 'sse4_2',
    22: 'movbe',
    23: 'popcnt',
    25: 'aes',
    26: 'xsave',
    28: 'avx',
    29: 'f16c',
    30: 'rdrand',
  },
  6: { 5: 'abm', 6: 'sse4a', 7: 'misalignsse', 8: '3dnowprefetch', 11: 'xop', 16: 'fma4', 21: 'tbm' },
  9: {
    0: 'fsgsbase',
    3: 'bmi1',
    4: 'hle',
    5: 'avx2',
    8: 'bmi2',
    9: 'erms',
    11: 'rtm',
    14: 'mpx',
    16: 'avx512f',
    17: 'avx512dq',
    18: 'rdseed',
    19: 'adx',
    23: 'clflushopt',
    26: 'avx512pf',
    27: 'avx512er',
    28: 'avx512cd',
    29: 'sha_ni',
    30: 'avx512bw',
    31: 'avx512vl',
  },
  11: {
    1: 'avx512vbmi',
    6: 'avx512_vbmi2',
    8: 'gfni',
    9: 'vaes',
    10: 'vpclmulqdq',
    11: 'avx512_vnni',
    12: 'avx512_bitalg',
    14: 'avx512_vpopcntdq',
    22: 'rdpid',
  },
  18: { 2: 'avx512_4vnniw', 3: 'avx512_4fmaps' },
};

/** Features that the CPU of one `cpuinfo.img` has and that of the other lacks. */
export function missingFeatures(has: Buffer, lacks: Buffer): string[] {
  const [one, other] = [capabilities(has), capabilities(lacks)];
  return Object.entries(FEATURES).flatMap(([word, bits]) => {
    const gone = (one[Number(word)] ?? 0) & ~(other[Number(word)] ?? 0);
    return Object.entries(bits).flatMap(([bit, name]) => ((gone >>> Number(bit)) & 1 ? [name] : []));
  });
}

/** Before a CRIU image's message: two magic numbers and the message's length (https://criu.org/Images). */
const HEADER_BYTES = 12;
const X86_ENTRY = 1;
const CAPABILITY = 6;

/** The words of `cpuinfo_x86_entry.capability` (images/cpuinfo.proto in CRIU); none for another architecture. */
export function capabilities(image: Buffer): number[] {
  const entry = fields(image.subarray(HEADER_BYTES)).find(({ field }) => field === X86_ENTRY);
  if (!Buffer.isBuffer(entry?.value)) return [];
  return fields(entry.value).flatMap(({ field, value }) =>
    field === CAPABILITY && typeof value === 'number' ? [value] : [],
  );
}

/** The varint and length-delimited fields of a message (https://protobuf.dev/programming-guides/encoding/). */
function fields(message: Buffer): { field: number; value: number | Buffer }[] {
  const found: { field: number; value: number | Buffer }[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0n;
    for (let shift = 0n; at < message.length; shift += 7n) {
      const byte = message[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return Number(BigInt.asUintN(64, value));
  };
  while (at < message.length) {
    const key = varint();
    const field = key >>> 3;
    if ((key & 7) === 0) found.push({ field, value: varint() });
    else if ((key & 7) === 2) {
      const length = varint();
      found.push({ field, value: message.subarray(at, at + length) });
      at += length;
    } else break;
  }
  return found;
}
