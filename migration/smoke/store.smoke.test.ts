import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SmokeLab } from './lab.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const caseResult = z.strictObject({ kind: z.string(), name: z.string(), error: z.string().nullable() });
/** Receives the suite on stdin; nothing of it stays on the node. */
const RUN = `f=$(mktemp --suffix=.mjs); cat >"$f"
/usr/local/lib/podferry/node "$f" /etc/podferry/agent.json; code=$?; rm -f "$f"; exit $code`;

/** The store's suite, in one file that runs on a node as it is. */
async function suite(): Promise<string> {
  const bundle = await build({
    entryPoints: [`${ROOT}/migration/agent/store/suite-main.ts`],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
  return bundle.outputFiles[0]?.text ?? '';
}

describe('the store', () => {
  let lab: SmokeLab;
  beforeAll(async () => {
    lab = await SmokeLab.open();
  });
  afterAll(() => lab.close());

  it('does on every node all that agents need of it', async () => {
    const text = await suite();
    for (const { name } of lab.outputs.nodes) {
      const lines = (await lab.onNode(name, RUN, text)).trim().split('\n');
      const results = lines.map((line) => caseResult.parse(JSON.parse(line)));
      expect(results.filter(({ error }) => error !== null)).toEqual([]);
      expect(results.length).toBeGreaterThan(5);
    }
  });
});
