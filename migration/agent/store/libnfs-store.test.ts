import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AgentClient } from '../client.ts';
import { createAgentServer } from '../server/agent-server.ts';
import { keeperRoutes } from '../server/keeper-routes.ts';
import { listenAnywhere } from '../testing/listen.ts';
import { TestAuthority } from '../testing/pki.ts';
import { LocalFolders } from './folders.ts';
import { KeeperFolders } from './keeper-client.ts';
import { KeptCheckpoints } from './kept-checkpoints.ts';
import { LibnfsStore } from './libnfs-store.ts';
import { storePath } from './path.ts';
import { runStoreCase, storeCases } from './store-suite.ts';

/**
 * libnfs' tools are stood in for by scripts that map nfs://SERVER/EXPORT/PATH to a directory, with the tools' habits: only
 * new files are made, and complaints go to stderr with exit code 10. The keeper is the real one, over mutual TLS.
 */
const TOOLS = {
  'nfs-cp': `if [ -e "$2" ]; then echo 'creat call failed with "NFS4ERR_EXIST(-17)"' >&2; exit 10; fi
cat "$1" > "$2" 2>/dev/null || { echo 'Failed to open destination' >&2; exit 10; }`,
  'nfs-cat': `cat "$1" 2>/dev/null || { echo 'open call failed with "NFS4ERR_NOENT(-2)"' >&2; exit 10; }`,
};

describe('LibnfsStore', () => {
  let dir: string;
  let server: Server;
  let store: LibnfsStore;

  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'podferry-libnfs-'));
    const root = path.join(dir, 'root');
    await Promise.all([mkdir(root), mkdir(path.join(dir, 'bin'))]);
    for (const [name, body] of Object.entries(TOOLS)) await writeTool(name, body, root);
    vi.stubEnv('PATH', `${dir}/bin:${process.env.PATH}`);
    const authority = await TestAuthority.create(dir);
    const routes = keeperRoutes(new LocalFolders(root), new KeptCheckpoints(root));
    server = createAgentServer(
      await authority.issue('podferry-agent:master'),
      routes,
      pino({ level: 'silent' }),
    );
    const port = await listenAnywhere(server);
    const client = new AgentClient(
      `https://127.0.0.1:${port}`,
      await authority.issue('podferry-agent:worker1'),
    );
    store = new LibnfsStore({ server: 'nfs.example', export: '/store' }, new KeeperFolders(client));
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
    await rm(dir, { recursive: true });
  });

  async function writeTool(name: string, body: string, root: string): Promise<void> {
    const translate = `for word in "$@"; do
  shift
  case $word in nfs://nfs.example/store/*) word=\${word#nfs://nfs.example/store}; word='${root}'\${word%'?version=4'} ;; esac
  set -- "$@" "$word"
done`;
    await writeFile(path.join(dir, 'bin', name), `#!/bin/sh\n${translate}\n${body}\n`);
    await chmod(path.join(dir, 'bin', name), 0o755);
  }

  it.each(storeCases)('$name', (storeCase) => runStoreCase(store, storeCase));

  it('says why the server refused, and how much room it has', async () => {
    await expect(store.put('/etc/hostname', storePath('no/folder'), 5000)).rejects.toThrow(
      /cannot write 'no\/folder' on the store: .*MiB free there/,
    );
  });

  it('gives up on a server that does not answer', async () => {
    await writeTool('nfs-cat', 'exec sleep 60', '/');
    const read = async () => {
      for await (const _chunk of store.read(storePath('file'), 50));
    };
    await expect(read()).rejects.toThrow(/took too long/);
  });
});
