import { fileURLToPath } from 'node:url';
import type { ImageContent } from '../../toolchain/image-build.ts';
import { busyboxLinks } from '../busybox.ts';

const here = (name: string) => fileURLToPath(new URL(`./${name}`, import.meta.url));
const settings = ['rabbitmq.conf', 'definitions.json', 'enabled_plugins'];

/** Image of `rabbitmq`: the broker with its management plugin, Erlang, and a shell. */
export const rabbitmqImage: ImageContent = {
  artefacts: {},
  files: {
    '/usr/local/bin/start.sh': here('start.sh'),
    ...Object.fromEntries(settings.map((name) => [`/etc/rabbitmq/${name}`, here(name)])),
  },
  fromRoot: [
    '/usr/lib/erlang',
    '/usr/lib/erlang/erts-*/bin/*',
    '/usr/lib/erlang/lib/crypto-*/priv/lib/*.so',
    '/usr/lib/rabbitmq/server',
    '/usr/bin/busybox',
  ],
  without: ['LICENSE*'],
  // The folder's name has the version in it, and its scripts look for everything from where they lie.
  made: { script: 'mv /usr/lib/rabbitmq/lib/rabbitmq_server-* /usr/lib/rabbitmq/server' },
  folders: ['/var/lib/rabbitmq', '/var/log/rabbitmq'],
  links: {
    ...busyboxLinks(
      'sh',
      'cat',
      'ls',
      'seq',
      'wget',
      'dirname',
      'basename',
      'readlink',
      'date',
      'expr',
      'mkdir',
    ),
    ...{ '/usr/bin/erl': '../lib/erlang/bin/erl', '/usr/bin/epmd': '../lib/erlang/bin/epmd' },
  },
  entrypoint: ['sh', '/usr/local/bin/start.sh'],
};
