import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SmokeLab } from './lab.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const caseResult = z.strictObject({ kind: z.string(), name: z.string(), error: z.string().nullable() });
const LIMIT_MS = 90_000;
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

/** Runs a script on a node with the given input; @throws with what it said when it fails. */
function onNode(node: string, script: string, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(`${ROOT}/podferry`, ['ssh', node, script], { timeout: LIMIT_MS });
    let said = '';
    let complaint = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    child.stderr.on('data', (chunk) => {
      complaint += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(said) : reject(new Error(`${node}: exit ${code}: ${complaint}${said}`)),
    );
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
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
      const lines = (await onNode(name, RUN, text)).trim().split('\n');
      const results = lines.map((line) => caseResult.parse(JSON.parse(line)));
      expect(results.filter(({ error }) => error !== null)).toEqual([]);
      expect(results.length).toBeGreaterThan(5);
    }
  });
});
