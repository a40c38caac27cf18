import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkCpu, dumpCpu } from './cpu.ts';
import { capabilities, missingFeatures } from './cpu-features.ts';

/** What `criu cpuinfo dump` of CRIU 4.2.1 wrote on an AMD EPYC with AVX2 and AVX-512. */
const EPYC =
  'GUNWVBNAQGFjAAAACmEIAhAaGAIgASgCMP/3r7wBMP/3z/4CMAAwgIDEEDCD5Oj/DzAAMPOHgAIwADAAMKuP/I0PMA8wxr+BAjAAMIWAiIAFMAQwADAAMAAwkAI6CEFNRCBFUFlDQOUBSIATUIAT';
const AVX512F = 16;
const AVX512ER = 27;

/** The image with one word of the CPU's capabilities changed; both have to take as many bytes. */
function withWord(image: string, from: number, to: number): string {
  const bytes = Buffer.from(image, 'base64');
  const [old, changed] = [varint(from), varint(to)];
  const at = bytes.indexOf(old);
  expect([at > 0, changed.length]).toEqual([true, old.length]);
  changed.copy(bytes, at);
  return bytes.toString('base64');
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

const word9 = capabilities(Buffer.from(EPYC, 'base64'))[9] ?? 0;
const knights = withWord(EPYC, word9, (word9 | (1 << AVX512ER)) >>> 0);
const withoutAvx512 = withWord(EPYC, word9, (word9 & ~(1 << AVX512F)) >>> 0);

describe('a recorded CPU', () => {
  it('is read: 19 words, AVX2 among them', () => {
    const words = capabilities(Buffer.from(EPYC, 'base64'));
    expect(words).toHaveLength(19);
    expect(((words[9] ?? 0) >>> 5) & 1).toBe(1);
  });

  it.each([
    ['itself', EPYC, EPYC, []],
    ['one that has more', EPYC, knights, []],
    ['one that has less', knights, EPYC, ['avx512er']],
    ['one without AVX-512', EPYC, withoutAvx512, ['avx512f']],
    ['what is no image', EPYC, '', expect.arrayContaining(['avx2', 'aes', 'sse4_2'])],
  ])('misses on %s what that one lacks', (_, has, lacks, missing) => {
    expect(missingFeatures(Buffer.from(has, 'base64'), Buffer.from(lacks, 'base64'))).toEqual(missing);
  });

  it('that is cut off anywhere breaks nothing', () => {
    const bytes = Buffer.from(EPYC, 'base64');
    for (let length = 0; length < bytes.length; length += 1)
      expect(capabilities(bytes.subarray(0, length)).length).toBeLessThanOrEqual(19);
  });
});

describe('CRIU’s word', () => {
  let folder: string;
  const searched = process.env.PATH;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'podferry-criu-'));
    process.env.PATH = `${folder}:${searched}`;
  });
  afterEach(async () => {
    process.env.PATH = searched;
    await rm(folder, { recursive: true });
  });

  async function standIn(script: string): Promise<void> {
    await writeFile(path.join(folder, 'criu'), `#!/bin/sh\n${script}\n`);
    await chmod(path.join(folder, 'criu'), 0o755);
  }

  it('decides; what is missing is named', async () => {
    await standIn(
      'echo "Error (criu/arch/x86/cpu.c:221): cpu: CPU instruction capabilities do not match run time" >&2; exit 1',
    );
    const verdict = await checkCpu(knights, EPYC, 'x86_64');
    expect(verdict).toMatchObject({
      status: 'failed',
      message: expect.stringMatching(/avx512er.*do not match run time/),
    });
    await standIn('exit 0');
    expect(await checkCpu(knights, EPYC, 'x86_64')).toMatchObject({ status: 'passed' });
  });

  it('is asked by the rule of a restore, with the source’s image', async () => {
    await standIn(
      `[ "$1 $2 $3 $4" = "cpuinfo check --cpu-cap=ins --images-dir" ] && [ "$(base64 -w0 "$5/cpuinfo.img")" = "${knights}" ]`,
    );
    expect(await checkCpu(knights, EPYC, 'x86_64')).toMatchObject({ status: 'passed' });
  });

  it('is taken as it was written; where there is none, nothing is compared but on x86', async () => {
    await standIn(`echo ${EPYC} | base64 -d >"$4/cpuinfo.img"`);
    expect(await dumpCpu()).toBe(EPYC);
    await standIn('exit 1');
    expect(await dumpCpu()).toBe('');
    expect(await checkCpu('', '', 'aarch64')).toMatchObject({ status: 'skipped' });
    expect(await checkCpu('', EPYC, 'x86_64')).toMatchObject({ status: 'failed' });
  });
});
