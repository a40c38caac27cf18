import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { StepError } from '../failure.ts';
import { startReading } from '../piped-program.ts';
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

/**
 * A directory as an archive (see tar/layer.ts), while it is made. Nobody may write to the directory meanwhile. Throws
 * StepError `layer`; ends at once when `signal` is aborted.
 */
export async function* archiveOf(
  directory: string,
  timeoutMs: number,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const args = ['--create', '--format=posix', '--sparse', '--xattrs', '--xattrs-include=*', '--acls'];
  args.push('--numeric-owner', '--directory', directory, '--file', '-', '.');
  const tar = startReading('tar', args, timeoutMs);
  signal?.addEventListener('abort', tar.kill);
  try {
    yield* translateLayer(tar.stdout);
    const failure = await tar.failure;
    if (failure !== undefined) throw new Error(failure);
  } catch (cause) {
    tar.kill();
    const why = (await tar.failure) ?? (cause instanceof Error ? cause.message : String(cause));
    throw new StepError('layer', `the files in ${directory} cannot be saved: ${why}`, { cause });
  } finally {
    tar.kill();
    signal?.removeEventListener('abort', tar.kill);
  }
}
