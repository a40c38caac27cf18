import { fileURLToPath } from 'node:url';
import type { ImageContent } from '../../toolchain/image-build.ts';
import { busyboxLinks } from '../busybox.ts';

const here = (name: string) => fileURLToPath(new URL(`./${name}`, import.meta.url));

/** Image of `nginx`: the server, its settings, one page and a shell. */
export const nginxImage: ImageContent = {
  artefacts: {},
  files: { '/etc/nginx/nginx.conf': here('nginx.conf'), '/srv/www/index.html': here('index.html') },
  fromRoot: ['/usr/sbin/nginx', '/etc/nginx/mime.types', '/usr/bin/busybox'],
  folders: ['/var/log/nginx', '/var/lib/nginx'],
  links: busyboxLinks('sh', 'cat', 'ls', 'seq', 'wget'),
  entrypoint: ['/usr/sbin/nginx'],
};
