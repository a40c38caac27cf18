import { masterOf, type Phase } from '../phase.ts';
import { storeAccess } from '../shell/store.ts';
import { probeName } from './store-client.ts';

/** What each node wrote to the store, every other node reads. Needs `store-client` on all hosts. */
export const storeCheck: Phase = {
  name: 'store-check',
  title: 'the store, written by one node and read by another',
  timeoutSeconds: 60,
  on: 'all',
  apply: (c) => `
${storeAccess(c.host.role, masterOf(c.lab).address)}
for node in ${c.lab.hosts
    .filter((host) => host.name !== c.host.name)
    .map((host) => host.name)
    .join(' ')}; do
  store_get "${probeName('$node')}" "/run/podferry/probe-of-$node" ||
    fail "cannot read from the store what $node wrote there"
  [ "$(cat "/run/podferry/probe-of-$node")" = "$node of ${c.lab.name}" ] ||
    fail "the store gives something else than what $node wrote there"
  rm -f "/run/podferry/probe-of-$node"
done
`,
  verify: () => ':',
  remove: () => ':',
};
