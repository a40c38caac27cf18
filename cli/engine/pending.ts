import { z } from 'zod';
import { Failure } from '../failure.ts';
import { askEngine, type Engine } from './engine.ts';

/**
 * Operations that an engine began and did not see the end of, because it was killed. Every script of ours is
 * idempotent and every object in the cluster is applied, so the next `up` simply does them again, and the record is
 * dropped. Before a `destroy` a creation counts as done instead: what it may have left on a host is then removed by
 * the resource's own delete script.
 */

const resourceSchema = z.looseObject({
  urn: z.string(),
  type: z.string(),
  custom: z.boolean().optional(),
  id: z.string().optional(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional(),
});

const deploymentSchema = z.looseObject({
  deployment: z.looseObject({
    resources: z.array(resourceSchema).nullish(),
    pending_operations: z.array(z.looseObject({ type: z.string(), resource: resourceSchema })).nullish(),
  }),
});
export type StackExport = z.infer<typeof deploymentSchema>;

/** Parses what `pulumi stack export` prints. */
export function parseStackExport(text: string): StackExport {
  return deploymentSchema.parse(JSON.parse(text));
}

/** The export without pending operations; with `adopt`, commands whose creation was cut short count as created. */
export function settlePending(state: StackExport, adopt: boolean): StackExport | undefined {
  const pending = state.deployment.pending_operations ?? [];
  if (pending.length === 0) return undefined;
  const resources = state.deployment.resources ?? [];
  const known = new Set(resources.map((resource) => resource.urn));
  const adopted = pending
    .filter(({ type, resource }) => adopt && type === 'creating' && isCommand(resource.type))
    .map(({ resource }) => resource)
    .filter((resource) => !known.has(resource.urn))
    .map((resource) => ({
      ...resource,
      id: 'interrupted',
      outputs: { ...resource.inputs, stdout: '', stderr: '' },
    }));
  return {
    ...state,
    deployment: { ...state.deployment, resources: [...resources, ...adopted], pending_operations: [] },
  };
}

function isCommand(type: string): boolean {
  return type === 'command:local:Command' || type === 'command:remote:Command';
}

/** Settles the pending operations of a stack, if there are any. */
export async function clearPending(engine: Engine, options: { adopt: boolean }): Promise<void> {
  const { code, stdout, stderr } = await askEngine(engine, ['stack', 'export'], { secret: true });
  if (code !== 0) throw new Failure(`reading the state of stack ${engine.stack}: ${stderr.trim()}`);
  const state = parseStackExport(stdout);
  const settled = settlePending(state, options.adopt);
  if (settled === undefined) return;
  const count = state.deployment.pending_operations?.length ?? 0;
  engine.journal.say(
    `an earlier run was cut short in the middle of ${count} operation${count === 1 ? '' : 's'}: going on from there`,
  );
  const imported = await askEngine(engine, ['stack', 'import'], {
    input: JSON.stringify(settled),
    secret: true,
  });
  if (imported.code !== 0) throw new Failure(`settling pending operations: ${imported.stderr.trim()}`);
}
