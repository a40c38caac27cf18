import { loadConfig } from '../config.ts';
import { loadTls } from '../tls.ts';
import { openStore } from './open-store.ts';
import { runStoreCase, SUITE_FOLDER, storeCases } from './store-suite.ts';

/**
 * Runs the store's suite on a node of a lab, with the node's own way to the store: `node suite.mjs /etc/podferry/agent.json`.
 * Prints one JSON line a case, { kind, name, error }; the exit code is the number of failures.
 */
const config = await loadConfig(process.argv[2] ?? '/etc/podferry/agent.json');
const store = openStore(config.store, config.storeRoot, await loadTls(config.tls));
let failures = 0;
for (const storeCase of storeCases) {
  const error = await runStoreCase(store, storeCase).then(
    () => null,
    (reason: unknown) => String(reason),
  );
  if (error !== null) failures += 1;
  process.stdout.write(`${JSON.stringify({ kind: store.kind, name: storeCase.name, error })}\n`);
}
await store.remove(SUITE_FOLDER);
process.exit(failures);
