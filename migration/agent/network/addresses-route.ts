import type { Route } from '../server/router.ts';
import type { AddressFiles } from './address-files.ts';

/** What other nodes' agents ask about addresses; see tend-addresses.ts. */
export const addressesRoute = (files: AddressFiles): Route => ({
  method: 'GET',
  path: '/v1/addresses',
  callers: ['agent'],
  serve: async () => ({ here: await files.here(), away: await files.away() }),
});
