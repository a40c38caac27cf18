import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { failed, passed, skipped, type Verdict } from '../../contract/verdict.ts';
import { command, lastLine } from '../command.ts';
import { missingFeatures } from './cpu-features.ts';

const LIMIT_MS = 5000;
const IMAGE = 'cpuinfo.img';

/** What `criu cpuinfo dump` writes of this CPU, in base64; empty where CRIU does not know the architecture. */
export async function dumpCpu(): Promise<string> {
  return inFolder(async (folder) => {
    await command('criu', ['cpuinfo', 'dump', '--images-dir', folder], { timeoutMs: LIMIT_MS });
    const image = await readFile(path.join(folder, IMAGE)).catch(() => undefined);
    return image?.toString('base64') ?? '';
  });
}

/**
 * Whether a process that began on the CPU of `source` finds here what it may have found there: `criu cpuinfo check` by the same rule
 * (`cpu-cap ins`) that CRIU goes by when it restores; see runtime/criu-conf.ts.
 */
export async function checkCpu(source: string, here: string, architecture: string): Promise<Verdict> {
  if (source === '' || here === '')
    return architecture === 'x86_64'
      ? failed('CRIU cannot tell the features of the CPU')
      : skipped(`CRIU does not compare CPUs of architecture ${architecture}`);
  return inFolder(async (folder) => {
    const image = Buffer.from(source, 'base64');
    await writeFile(path.join(folder, IMAGE), image);
    const args = ['cpuinfo', 'check', '--cpu-cap=ins', '--images-dir', folder];
    const { code, stdout, stderr } = await command('criu', args, { timeoutMs: LIMIT_MS });
    if (code === 0) return passed();
    const words = lastLine(stderr) || lastLine(stdout) || `exit ${code}`;
    const missing = missingFeatures(image, Buffer.from(here, 'base64'));
    const list = missing.length > 0 ? ` (missing here: ${missing.join(', ')})` : '';
    return failed(
      `a process of the source's CPU would die here of an illegal instruction${list}; CRIU says: ${words}`,
    );
  });
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'podferry-cpu-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
