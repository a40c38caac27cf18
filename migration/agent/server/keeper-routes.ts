import { removeCheckpointRequest, storedCheckpointQuery } from '../../contract/agent-api.ts';
import { pathBody, renameBody } from '../store/keeper-client.ts';
import type { KeptCheckpoints } from '../store/kept-checkpoints.ts';
import { storePath } from '../store/path.ts';
import type { StoreFolders } from '../store/store.ts';
import type { Call, Caller, Route } from './router.ts';

const OPERATOR: readonly Caller[] = ['operator'];
const BOTH: readonly Caller[] = ['operator', 'agent'];

/** What only the keeper serves: the folders of the store, for nodes that reach it from user space, and its checkpoints. */
export function keeperRoutes(folders: StoreFolders, checkpoints: KeptCheckpoints): Route[] {
  const done = async (work: Promise<void>) => {
    await work;
    return {};
  };
  return [
    {
      method: 'GET',
      path: '/v1/store/checkpoint',
      callers: OPERATOR,
      serve: async (call) => checkpoints.look(storedCheckpointQuery.parse(Object.fromEntries(call.query))),
    },
    {
      method: 'POST',
      path: '/v1/store/checkpoint/remove',
      callers: OPERATOR,
      serve: async (call) => ({
        removed: await checkpoints.remove(removeCheckpointRequest.parse(call.body)),
      }),
    },
    {
      method: 'POST',
      path: '/v1/store/mkdir',
      callers: ['agent'],
      serve: (call) => done(folders.mkdir(storePath(pathBody.parse(call.body).path))),
    },
    {
      method: 'POST',
      path: '/v1/store/remove',
      callers: BOTH,
      serve: (call) => done(folders.remove(storePath(pathBody.parse(call.body).path))),
    },
    {
      method: 'POST',
      path: '/v1/store/rename',
      callers: ['agent'],
      serve: (call) => {
        const { from, to } = renameBody.parse(call.body);
        return done(folders.rename(storePath(from), storePath(to)));
      },
    },
    {
      method: 'GET',
      path: '/v1/store/list',
      callers: BOTH,
      serve: async (call) => ({ entries: await folders.list(storePath(queryPath(call))) }),
    },
    {
      method: 'GET',
      path: '/v1/store/stat',
      callers: BOTH,
      serve: async (call) => ({ entry: (await folders.stat(storePath(queryPath(call)))) ?? null }),
    },
    {
      method: 'GET',
      path: '/v1/store/space',
      callers: BOTH,
      serve: async () => ({ freeBytes: await folders.freeBytes() }),
    },
  ];
}

const queryPath = (call: Call): string => pathBody.parse(Object.fromEntries(call.query)).path;
