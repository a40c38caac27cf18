import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type StackOutputs, stackOutputs } from '../migration/contract/stack-outputs.ts';
import { askEngine, type Engine } from './engine/engine.ts';
import { Failure } from './failure.ts';
import { stackPaths } from './paths.ts';

/**
 * The stack's outputs, kubeconfig included.
 * @throws Failure when the stack is not up
 */
export async function readOutputs(engine: Engine): Promise<StackOutputs> {
  const { code, stdout, stderr } = await askEngine(engine, ['stack', 'output', '--json', '--show-secrets'], {
    secret: true,
  });
  const advice = 'Run `./podferry up` first.';
  if (code !== 0) throw new Failure(`stack ${engine.stack} has no outputs: ${stderr.trim()}`, { advice });
  const parsed = stackOutputs.safeParse(JSON.parse(stdout));
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new Failure(`stack ${engine.stack} is not fully up: its outputs lack or have otherwise ${fields}`, {
    advice,
  });
}

/** Writes the kubeconfig where KUBECONFIG of `podferry env` points; readable by its owner only. */
export function writeKubeconfig(stack: string, text: string): void {
  const { kubeconfig } = stackPaths(stack);
  mkdirSync(dirname(kubeconfig), { recursive: true });
  writeFileSync(kubeconfig, text, { mode: 0o600 });
  chmodSync(kubeconfig, 0o600);
}

/** Outputs as lines for people, secrets left out. */
export function outputLines(stack: string, outputs: StackOutputs): string[] {
  const nodes = outputs.nodes.map(
    (node) => `  ${node.name.padEnd(12)} ${node.role.padEnd(8)} ${node.address}`,
  );
  const { tick, redis } = outputs.apps;
  const migrations = Object.entries(outputs.migrations).map(([action, m]) => {
    const times = [
      m.freezeMs === null ? '' : `frozen ${m.freezeMs} ms`,
      m.totalMs === null ? '' : `in all ${m.totalMs} ms`,
    ];
    const route = m.from === m.to ? m.from : `${m.from} -> ${m.to}`;
    return `  ${action.padEnd(12)} ${m.pod} ${route} ${times.filter((t) => t !== '').join(', ')}`.trimEnd();
  });
  return [
    `stack       ${stack}`,
    `API server  ${outputs.apiServer}`,
    `kubeconfig  ${stackPaths(stack).kubeconfig}`,
    'nodes',
    ...nodes,
    `store       ${outputs.store.server}:${outputs.store.export} (${outputs.store.kind})`,
    `operator    ${outputs.operator.namespace}/${outputs.operator.deployment}`,
    `tick        http://${tick.clusterIP}:${tick.port} (pod ${tick.pod}, in the cluster)`,
    `redis       ${redis.clusterIP}:${redis.port} (pod ${redis.pod}, in the cluster)`,
    ...(migrations.length === 0 ? [] : ['migrations', ...migrations]),
  ];
}
