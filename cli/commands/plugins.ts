import { copyFile, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { stringify } from 'yaml';
import { z } from 'zod';
import { krewManifest, LICENCE, PLUGINS } from '../../migration/kubectl/krew-manifest.ts';
import { sha256OfFile } from '../../toolchain/cache.ts';
import { packTar } from '../../toolchain/tar.ts';
import type { Call } from '../context.ts';
import { findEngine } from '../engine/engine.ts';
import { exitCodes } from '../failure.ts';
import { binDir, projectDir } from '../paths.ts';
import { prepareTools } from '../prepare.ts';

/** Writes an archive and a manifest for krew of each kubectl plugin into a folder. */
export async function plugins(call: Call, folder: string, { url }: { url?: string }): Promise<number> {
  await prepareTools(await findEngine(call.stack, call.journal));
  const target = resolve(folder);
  await mkdir(target, { recursive: true });
  const { version } = packageFile.parse(JSON.parse(await readFile(join(projectDir, 'package.json'), 'utf8')));
  const base = url ?? pathToFileURL(target).href;
  for (const [name, short] of Object.entries(PLUGINS)) {
    const archive = join(target, `kubectl-${name}.tar.gz`);
    await pack(`kubectl-${name}`, archive);
    const uri = `${base.replace(/\/$/, '')}/kubectl-${name}.tar.gz`;
    const manifest = krewManifest({ name, short, version, uri, sha256: await sha256OfFile(archive) });
    const file = join(target, `${name}.yaml`);
    await writeFile(file, stringify(manifest));
    process.stdout.write(`kubectl krew install --manifest=${file} --archive=${archive}\n`);
  }
  return exitCodes.ok;
}

const packageFile = z.looseObject({ version: z.string() });

/** The same archive for the same plugin. */
async function pack(program: string, archive: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'podferry-plugin-'));
  try {
    const inside = join(folder, 'content');
    await mkdir(inside);
    await copyFile(await realpath(join(binDir, program)), join(inside, program));
    await copyFile(join(projectDir, LICENCE), join(inside, LICENCE));
    await packTar(inside, join(folder, 'plain.tar'));
    await writeFile(archive, gzipSync(await readFile(join(folder, 'plain.tar'))));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
