import type { CHECKS } from '../../contract/checks.ts';
import { failures, failuresText } from '../../contract/verdict.ts';
import type { Node } from '../../kube/objects.ts';
import { withChecks } from '../checks/movable.ts';
import { preflightChosen } from '../checks/preflight.ts';
import { type Outcome, type Run, write } from '../run.ts';
import { giveUp } from './undo.ts';

/**
 * The checks of the destination for a migration that named none, as soon as the scheduler has chosen. Undefined: they
 * were made already, and all is well.
 */
export async function checkChosenNode(run: Run, node: Node): Promise<Outcome | undefined> {
  const { cluster, migration, status } = run;
  const known = status.checks ?? [];
  if (known.some(({ name }) => name === TARGET_AGENT)) return undefined;
  const found = await cluster.readPod(migration.metadata.namespace, status.sourcePod ?? '');
  if (!found) return undefined;
  const { transport = 'stream', ignoreChecks = [] } = migration.spec;
  const { address = 'new' } = status;
  const way = { transport, address, ignored: ignoreChecks };
  const chosen = await preflightChosen(run, found, node, way);
  const renewed = new Set(chosen.map(({ name }) => name));
  const checks = [...known.filter(({ name }) => !renewed.has(name)), ...chosen];
  const looked = { ...run, status: withChecks(run, checks) };
  if (failures(chosen).length > 0) return giveUp(looked, 'preflight', failuresText(chosen));
  return write(looked.status);
}

const TARGET_AGENT: keyof typeof CHECKS = 'TargetAgent';
