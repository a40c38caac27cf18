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
  const args = ['stack', 'output', '--json', '--show-secrets'];
  const { code, stdout, stderr } = await askEngine(engine, args, { secret: true });
  const advice = 'Run `./podferry up` first.';
  if (code !== 0) throw new Failure(`stack ${engine.stack} has no outputs: ${stderr.trim()}`, { advice });
  const parsed = stackOutputs.safeParse(JSON.parse(stdout));
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new Failure(`stack ${engine.stack} is not fully up: its outputs lack or have otherwise ${fields}`, {
    advice,
  });
}

/** Writes the kubeconfig where KUBECONFIG of `podferry env` points. */
export function writeKubeconfig(stack: string, text: string): void {
  writeSecretFile(stackPaths(stack).kubeconfig, text);
}

/**
 * Writes the outputs where tests find them: they are told the file's name in PODFERRY_STACK_OUTPUTS.
 * @returns the change to the tests' environment
 */
export function writeOutputs(stack: string, outputs: StackOutputs): { PODFERRY_STACK_OUTPUTS: string } {
  const file = stackPaths(stack).outputs;
  writeSecretFile(file, JSON.stringify(outputs, null, 2));
  return { PODFERRY_STACK_OUTPUTS: file };
}

/** Readable by its owner only, also where an older file was not. */
function writeSecretFile(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, text, { mode: 0o600 });
  chmodSync(file, 0o600);
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
    `REST API    ${outputs.rest.url}`,
    `tick        http://${tick.clusterIP}:${tick.port} (pod ${tick.pod}, in the cluster)`,
    `redis       ${redis.clusterIP}:${redis.port} (pod ${redis.pod}, in the cluster)`,
    ...Object.entries(outputs.samples).map(
      ([name, app]) => `${name.padEnd(11)} ${app.clusterIP}:${app.port} (pod ${app.pod}, in the cluster)`,
    ),
    ...(migrations.length === 0 ? [] : ['migrations', ...migrations]),
  ];
}
