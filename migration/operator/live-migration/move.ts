import type { SourceRecord } from '../../contract/agent-api.ts';
import type { Node } from '../../kube/objects.ts';
import { AgentRefusal, AgentUnreachable } from '../agents.ts';
import { type Outcome, type Run, type Step, wait } from '../run.ts';
import { commit } from './commit.ts';
import { LOOK_AGAIN_MS, MOVE_GRACE_MS, MOVE_MS } from './limits.ts';
import { cancelled, giveUp } from './undo.ts';

/**
 * Moving: lets the source's agent freeze and hand over, and finds out what came of it. The agents decide between
 * themselves; a restarted operator only asks them.
 */
export const move: Step = async (run) => {
  const { cluster, status } = run;
  if (cancelled(run)) return giveUp(run, 'cancel', 'cancelled: the podmigration was deleted');
  const elapsed = run.now().getTime() - Date.parse(status.moveStartedAt ?? '');
  if (elapsed > MOVE_MS + MOVE_GRACE_MS)
    return giveUp(run, 'move', `not done within ${MOVE_MS + MOVE_GRACE_MS} ms`);
  const source = cluster.node(status.sourceNode ?? '');
  const target = cluster.node(status.targetNode ?? '');
  if (!source || !target) {
    return giveUp(run, 'move', `node ${source ? status.targetNode : status.sourceNode} left the cluster`);
  }
  try {
    return await judge(run, target, await moveOnce(run, source, target));
  } catch (error) {
    if (error instanceof MoveRefused) return giveUp(run, error.step, error.message, error.criuLog);
    if (error instanceof AgentUnreachable) return askTarget(run, target, error);
    throw error;
  }
};

/** The source's agent would not begin, or the target no longer waits. */
class MoveRefused extends Error {
  readonly step: string;
  readonly criuLog: readonly string[];

  constructor(step: string, message: string, criuLog: readonly string[], options?: ErrorOptions) {
    super(message, options);
    this.step = step;
    this.criuLog = criuLog;
  }
}

/** Asks for the move unless it was asked for before; gives what is known of it. */
async function moveOnce(run: Run, source: Node, target: Node): Promise<SourceRecord> {
  const { agents, migration, status } = run;
  const { uid, namespace } = migration.metadata;
  const known = await agents.source(source, uid);
  if (known.state !== 'absent') return known;
  const waiting = await agents.target(target, uid);
  if (waiting.state !== 'waiting') {
    const { step, message, criuLog } = waiting.failure ?? {
      step: 'prepare',
      message: `the target no longer waits: it is ${waiting.state}`,
      criuLog: [],
    };
    throw new MoveRefused(step, message, criuLog);
  }
  const pod = await run.cluster.readPod(namespace, status.sourcePod ?? '');
  const container = pod?.document.spec.containers[0]?.name;
  if (container === undefined) throw new MoveRefused('move', `source pod ${status.sourcePod} is gone`, []);
  const request = {
    source: { namespace, pod: status.sourcePod ?? '', podUid: status.sourceUid ?? '', container },
    targetAgent: agents.urlOf(target),
    transport: 'store' as const,
    deadlineMs: MOVE_MS,
  };
  return agents.move(source, uid, request, run.signal).catch((error: unknown) => {
    if (!(error instanceof AgentRefusal)) throw error;
    throw new MoveRefused(error.step, error.message, error.criuLog, { cause: error });
  });
}

async function judge(run: Run, target: Node, record: SourceRecord): Promise<Outcome> {
  const failure = record.failure ?? { step: 'move', message: `the source is ${record.state}`, criuLog: [] };
  switch (record.state) {
    case 'restored':
    case 'released':
      return commit(run, record);
    case 'thawed':
      return giveUp(run, failure.step, failure.message, failure.criuLog);
    case 'frozen':
      return askTarget(run, target, new Error(failure.message));
    case 'moving':
    case 'absent':
      return wait(LOOK_AGAIN_MS);
  }
}

/** The source cannot say what became of the target: only the target can. Until it does, the source stays as it is. */
async function askTarget(run: Run, node: Node, why: Error): Promise<Outcome> {
  const record = await run.agents.target(node, run.migration.metadata.uid);
  if (record.state === 'restored') return commit(run, record);
  if (record.state === 'failed' || record.state === 'refused') {
    const failure = record.failure ?? { step: 'restore', message: why.message, criuLog: [] };
    return giveUp(run, failure.step, failure.message, failure.criuLog);
  }
  return wait(LOOK_AGAIN_MS);
}
