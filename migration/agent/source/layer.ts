import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { lastLine } from '../command.ts';
import { StepError } from '../failure.ts';
import { translateLayer } from '../tar/layer.ts';

/**
 * The directory that takes a container's writes: the upperdir of the overlay mounted at its bundle's rootfs.
 * Throws StepError `layer` when the root file system is no overlay.
 */
export async function upperDirectory(bundle: string): Promise<string> {
  const upper = findUpper(await readFile('/proc/self/mounts', 'utf8'), path.join(bundle, 'rootfs'));
  if (upper === undefined) throw new StepError('layer', `${bundle}/rootfs is no overlay mount`);
  return upper;
}

/** Looks up a mount point's upperdir in the text of /proc/self/mounts, where spaces and the like stand as \ooo. */
export function findUpper(mounts: string, mountPoint: string): string | undefined {
  for (const line of mounts.split('\n').reverse()) {
    const [, where, type, options] = line.split(' ');
    if (type !== 'overlay' || where === undefined || unescapeMount(where) !== mountPoint) continue;
    const upper = options?.split(',').find((option) => option.startsWith('upperdir='));
    return upper === undefined ? undefined : unescapeMount(upper.slice('upperdir='.length));
  }
  return undefined;
}

function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** Writes a layer as an archive (see tar/layer.ts). The container has to be frozen meanwhile. */
export async function archiveLayer(upper: string, file: string, timeoutMs: number): Promise<void> {
  const args = ['--create', '--format=posix', '--sparse', '--xattrs', '--xattrs-include=*', '--acls'];
  args.push('--numeric-owner', '--directory', upper, '--file', '-', '.');
  const child = spawn('tar', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    words = (words + chunk).slice(-4096);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
  try {
    await pipeline(Readable.from(translateLayer(child.stdout)), createWriteStream(file, { mode: 0o600 }));
    const code = await ended;
    if (code !== 0) throw new Error(`tar: exit ${code}: ${lastLine(words)}`);
  } catch (cause) {
    child.kill('SIGKILL');
    ended.catch(() => undefined);
    const why = lastLine(words) || (cause instanceof Error ? cause.message : String(cause));
    throw new StepError('layer', `the writable layer cannot be saved: ${why}`, { cause });
  }
}
