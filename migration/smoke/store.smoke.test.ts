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
  afterAll(async () => {
    for (const name of lab.workers) await lab.removePods(podOn(name));
    await lab.close();
  });

  it('does on every node all that agents need of it', async () => {
    const text = await suite();
    for (const { name } of lab.outputs.nodes) {
      const lines = (await lab.onNode(name, RUN, text)).trim().split('\n');
      const results = lines.map((line) => caseResult.parse(JSON.parse(line)));
      expect(results.filter(({ error }) => error !== null)).toEqual([]);
      expect(results.length).toBeGreaterThan(5);
    }
  });

  it('is reached from every node itself, and from none of its pods, which reach the API server beside it', async () => {
    await Promise.all(lab.workers.map((name) => lab.startPod(podOn(name), 'tick', name)));
    const { address } = lab.master;
    for (const { name } of lab.outputs.nodes)
      expect(`${name}: ${await lab.onNode(name, reach(address))}`).toBe(`${name}: node 2049\npod 6443\n`);
  });
});

/** A pod for each worker: there is a network of a pod to look from. */
const podOn = (worker: string): string => `store-${worker}`;

/** Says to which of two ports a node gets, and one of its pods: a pod's network is a file of containerd's. */
const reach = (address: string): string => `
try() { who=$1 port=$2; shift 2; "$@" timeout 3 bash -c ": </dev/tcp/${address}/$port" 2>/dev/null && echo "$who $port" || true; }
pods=$(find /run/netns -name 'cni-*' | head -n 1)
[ -n "$pods" ] || { echo 'there is no pod with a network here' >&2; exit 1; }
try node 2049
for port in 2049 6443; do try pod $port nsenter --net="$pods"; done`;
