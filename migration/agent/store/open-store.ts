import { AgentClient } from '../client.ts';
import type { StoreConfig } from '../config.ts';
import type { TlsMaterial } from '../tls.ts';
import { KeeperFolders } from './keeper-client.ts';
import { LibnfsStore } from './libnfs-store.ts';
import { MountStore } from './mount-store.ts';
import type { Store } from './store.ts';

/**
 * The store as this node reaches it. The keeper has the exported directory itself (`storeRoot`), and no need of NFS.
 */
export function openStore(config: StoreConfig, storeRoot: string | undefined, tls: TlsMaterial): Store {
  if (storeRoot !== undefined) return new MountStore(storeRoot);
  if (config.kind === 'mount') return new MountStore(config.path);
  return new LibnfsStore(config, new KeeperFolders(new AgentClient(config.keeper, tls)));
}
