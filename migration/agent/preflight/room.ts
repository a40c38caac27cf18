import type { Transport } from '../../contract/agent-api.ts';
import { failedIf, passed, skipped, type Verdict } from '../../contract/verdict.ts';
import type { StoreFolders } from '../store/store.ts';

const MIB = 2 ** 20;

/** Whether `needed` bytes fit into `free`. `where` names the place. */
export function room(where: string, needed: number, free: number): Verdict {
  if (needed <= free) return passed();
  return failedIf(
    `${where} has ${Math.floor(free / MIB)} MiB free, ${Math.ceil(needed / MIB)} MiB are needed`,
  );
}

/** An NFS server that is down lets its clients wait. */
const STORE_LIMIT_MS = 3000;

/** Whether the store answers and has room, for a transport that uses it. */
export async function storeRoom(
  store: Pick<StoreFolders, 'freeBytes'>,
  transport: Transport,
  needed: number,
): Promise<Verdict> {
  if (transport !== 'store') return skipped(`transport ${transport} does not use the store`);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${STORE_LIMIT_MS} ms`)), STORE_LIMIT_MS);
  });
  try {
    return room('the store', needed, await Promise.race([store.freeBytes(), late]));
  } catch (error) {
    return failedIf(`the store cannot be reached: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    clearTimeout(timer);
  }
}
