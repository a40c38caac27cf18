import { fileURLToPath } from 'node:url';
import type { ImageContent } from '../../toolchain/image-build.ts';
import { busyboxLinks } from '../busybox.ts';

const here = (name: string) => fileURLToPath(new URL(`./${name}`, import.meta.url));
const home = '/usr/lib/postgresql/17';

/** Image of `postgresql`: the server, psql, and what lets the server start as root. */
export const postgresqlImage: ImageContent = {
  artefacts: {},
  files: {
    '/usr/local/bin/start.sh': here('start.sh'),
    '/etc/postgresql/postgresql.conf': here('postgresql.conf'),
    '/etc/postgresql/pg_hba.conf': here('pg_hba.conf'),
  },
  fromRoot: [
    ...['postgres', 'initdb', 'psql'].map((program) => `${home}/bin/${program}`),
    // Not its compiler, which alone is as large as the rest twice over.
    ...['plpgsql', 'dict_snowball'].map((library) => `${home}/lib/${library}.so`),
    '/usr/share/postgresql/17',
    '/usr/local/lib/not_root.so',
    '/usr/bin/busybox',
  ],
  made: {
    files: { '/usr/src/not_root.c': here('not_root.c') },
    script:
      'mkdir -p /usr/local/lib && tcc -nostdlib -shared -o /usr/local/lib/not_root.so /usr/src/not_root.c',
  },
  links: busyboxLinks('sh', 'cat', 'ls', 'mkdir', 'chown', 'chmod'),
  environment: { PATH: `/usr/local/bin:${home}/bin:/usr/bin` },
  entrypoint: ['sh', '/usr/local/bin/start.sh'],
};
