import { fileURLToPath } from 'node:url';
import type { ImageContent } from '../toolchain/image-build.ts';
import { busyboxLinks } from './busybox.ts';

/** Where the samples' own programs lie in their images. */
export const PROGRAMS = '/usr/local/lib/samples';

/** Path in an image -> file of this project, for programs that lie beside each other. */
export function programs(...paths: readonly string[]): Record<string, string> {
  const own = ['answering/answering.py', ...paths].map((path) => {
    const file = fileURLToPath(new URL(`./${path}`, import.meta.url));
    return [`${PROGRAMS}/${path.slice(path.lastIndexOf('/') + 1)}`, file] as const;
  });
  return Object.fromEntries(own);
}

/** An image of Python programs without dependencies: a Python without the parts they never import, and a shell to look around with. */
export const pythonImage = {
  artefacts: {},
  fromRoot: ['/usr/bin/python3.13', '/usr/lib/python3.13', '/usr/bin/busybox'],
  without: [
    'test',
    'unittest',
    'pydoc_data',
    'asyncio',
    'email',
    'xml',
    'ctypes',
    'curses',
    'dbm',
    'sqlite3',
    'venv',
  ],
  links: { '/usr/bin/python3': 'python3.13', ...busyboxLinks('sh', 'cat', 'ls', 'ps', 'wget') },
  // What Python compiles on its way would lie in the writable layer and be moved with it.
  environment: { PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' },
  // Root: where CAP_SYS_RESOURCE is missing, CRIU cannot read the limits of another user's process (prlimit(2)).
  user: '0:0',
} as const satisfies ImageContent;
