import { fileURLToPath } from 'node:url';
import type { ImageContent } from '../../toolchain/image-build.ts';
import { busyboxLinks } from '../busybox.ts';

/** Image of `redis`: server, command line client and a shell. */
export const redisImage: ImageContent = {
  artefacts: {},
  files: { '/etc/redis.conf': fileURLToPath(new URL('./redis.conf', import.meta.url)) },
  fromRoot: ['/usr/bin/redis-server', '/usr/bin/redis-cli', '/usr/bin/busybox'],
  links: busyboxLinks('sh', 'cat', 'ls'),
  entrypoint: ['/usr/bin/redis-server', '/etc/redis.conf'],
  // Root: where CAP_SYS_RESOURCE is missing, CRIU cannot read the limits of another user's process (prlimit(2)).
  user: '0:0',
};
