import type { Podmigration, PodmigrationSpec } from '../../../contract/podmigration.ts';
import type { DryRunResult } from '../../../contract/rest-views.ts';
import { askDryRun } from '../../../kube/dry-run.ts';
import { Refusal } from '../refusal.ts';
import type { RouteHandler } from '../route-handler.ts';

/** Agents are asked about processes and nodes; each has a few seconds. */
const DRY_RUN_MS = 25_000;

export const dryRun: RouteHandler<'dryRun'> = async (
  { client, authorizer, log },
  { caller, params: { namespace }, body, signal },
) => {
  await authorizer.demand(caller, { verb: 'create', resource: 'podmigrations', namespace });
  const { sourcePod, destHost, transport, ignoreChecks } = body;
  const spec: PodmigrationSpec = {
    action: 'live-migration',
    sourcePod,
    ...(destHost !== undefined && { destHost }),
    ...(transport !== undefined && { transport }),
    ...(ignoreChecks !== undefined && { ignoreChecks }),
  };
  const observer = {
    onChange: () => undefined,
    onTrouble: (message: string) => log.warn({ message }, 'dry run: lost touch with the API server'),
  };
  const connection = { client, namespace };
  const ending = await askDryRun(connection, `dry-run-${sourcePod}`, spec, DRY_RUN_MS, observer, signal);
  if (ending.kind === 'deleted') throw new Refusal('conflict', 'somebody called the dry run off');
  if (ending.kind === 'timeout')
    throw new Refusal('timeout', `no answer after ${DRY_RUN_MS / 1000} s: does the operator lead?`);
  return resultOf(ending.migration);
};

function resultOf({ status: { checks = [], conditions = [], error } }: Podmigration): DryRunResult {
  const verdict = conditions.find(({ type }) => type === 'Movable');
  return {
    movable: verdict?.status === 'True',
    message: verdict?.message ?? error?.message ?? 'no check was made',
    checks,
  };
}
