import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ImageContent } from '../../../toolchain/image-build.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const scripts = readdirSync(folder).filter((name) => name.endsWith('.py'));

/** Image of the probe, which only the smoke tests use: a whole Python, the probe's scripts and a shell. */
export const probeImage: ImageContent = {
  artefacts: {},
  files: Object.fromEntries(scripts.map((name) => [`/usr/local/lib/probe/${name}`, `${folder}${name}`])),
  // What Python's modules ctypes and ssl are made with: nothing that is asked for by name needs it.
  fromRoot: [
    '/usr/bin/python3.13',
    '/usr/lib/python3.13',
    '/usr/lib/x86_64-linux-gnu/libffi.so.8',
    '/usr/lib/x86_64-linux-gnu/libssl.so.3',
    '/usr/bin/busybox',
    '/usr/bin/redis-benchmark',
  ],
  without: ['test', 'idlelib', 'ensurepip'],
  links: {
    '/usr/bin/python3': 'python3.13',
    '/usr/bin/sh': 'busybox',
    '/usr/bin/cat': 'busybox',
    '/usr/bin/ls': 'busybox',
    '/usr/bin/sleep': 'busybox',
  },
  entrypoint: ['/usr/bin/python3', '-u', '/usr/local/lib/probe/main.py'],
};
