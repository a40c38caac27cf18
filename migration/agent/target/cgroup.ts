import { existsSync } from 'node:fs';
import path from 'node:path';
import { StepError } from '../failure.ts';
import type { CgroupPath } from '../source/container.ts';

const ROOT = '/sys/fs/cgroup';

/**
 * Where runc will put a container's tasks: the freezer's directory (cgroup v1) or the cgroup's (v2). `cgroupsPath` is the
 * bundle's: a path, or for systemd `slice:prefix:name`.
 *
 * https://github.com/opencontainers/runc/blob/main/docs/systemd.md
 */
export function cgroupOf(cgroupsPath: string | undefined, root = ROOT): CgroupPath {
  if (cgroupsPath === undefined) throw new StepError('restore', 'the container has no cgroup of its own');
  const unified = existsSync(path.join(root, 'cgroup.controllers'));
  const relative = cgroupsPath.includes(':') ? systemdPath(cgroupsPath) : cgroupsPath;
  return unified
    ? { version: 2, path: path.join(root, relative) }
    : { version: 1, path: path.join(root, 'freezer', relative) };
}

/** `kubepods-podX.slice` lies in `kubepods.slice`. See systemd.slice(5). */
function systemdPath(text: string): string {
  const [slice = '', prefix = '', name = ''] = text.split(':');
  const words = slice.replace(/\.slice$/, '').split('-');
  const slices = words.map((_word, index) => `${words.slice(0, index + 1).join('-')}.slice`);
  return path.join(...slices, `${prefix}-${name}.scope`);
}
