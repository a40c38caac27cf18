import { fileURLToPath } from 'node:url';
import type { ImageContent } from '../../toolchain/image-build.ts';

/** Image of `tick`: the script, a Python without the parts it never imports, and a shell to look around with. */
export const tickImage: ImageContent = {
  artefacts: {},
  files: { '/usr/local/bin/tick.py': fileURLToPath(new URL('./tick.py', import.meta.url)) },
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
  links: {
    '/usr/bin/python3': 'python3.13',
    '/usr/bin/sh': 'busybox',
    '/usr/bin/cat': 'busybox',
    '/usr/bin/ls': 'busybox',
    '/usr/bin/ps': 'busybox',
    '/usr/bin/wget': 'busybox',
  },
  entrypoint: ['/usr/bin/python3', '-u', '/usr/local/bin/tick.py'],
  // Root: where CAP_SYS_RESOURCE is missing, CRIU cannot read the limits of another user's process (prlimit(2)).
  user: '0:0',
};
