import type { SourceRecord } from '../../contract/agent-api.ts';
import { CONTAINERS_ANNOTATION } from '../../contract/annotations.ts';
import type { Node } from '../../kube/objects.ts';
import { AgentRefusal, AgentUnreachable } from '../agents.ts';
import { changeOver } from '../handover/change-over.ts';
import { whileOut } from '../handover/stand-down.ts';
import type { Outcome, Run, Step } from '../run.ts';
import { commit } from './commit.ts';
import { judgeDeadSource } from './dead-source.ts';
import { freezeDeadlineMs, overdueMs } from './limits.ts';
import { lookAgain } from './look-again.ts';
import { cancelled, giveUp, giveUpThawed } from './undo.ts';

/**
 * Moving: lets the source's agent freeze and hand over, and finds out what it decided. It alone decides, within its
 * own deadline; a restarted operator asks it. While it does not answer, nothing can be told and nothing is done.
 */
export const move: Step = async (run) => {
  if (cancelled(run)) return giveUp(run, 'cancel', 'cancelled: the podmigration was deleted');
  const leaving = await leavingPod(run);
  if (leaving !== undefined) return giveUp(run, 'move', `pod ${leaving} was deleted while it was moved`);
  const source = run.cluster.node(run.status.sourceNode ?? '');
  if (!source) return judgeDeadSource(run);
  try {
    const record = await run.agents.source(source, run.migration.metadata.uid);
    if (record.state === 'absent' && overdueMs(run) <= 0) return await start(run, source);
    return await judge(run, record);
  } catch (error) {
    if (error instanceof AgentUnreachable && error.node === source.metadata.name)
      return judgeDeadSource(run, error);
    throw error;
  }
};

/** Which of the two pods somebody deleted, if any. The cache points; the API server decides. */
async function leavingPod({ cluster, migration, status }: Run): Promise<string | undefined> {
  const { namespace } = migration.metadata;
  const both = [
    [status.sourcePod, status.sourceUid],
    [status.targetPod, status.targetUid],
  ];
  for (const [name = '', uid] of both) {
    const stays = (pod = cluster.pod(namespace, name)) =>
      pod?.metadata.uid === uid && !pod?.metadata.deletionTimestamp;
    if (!stays() && !stays((await cluster.readPod(namespace, name))?.pod)) return name;
  }
  return undefined;
}

/** Asks for the move, which no agent has heard of yet, or has not begun. */
async function start(run: Run, source: Node): Promise<Outcome> {
  const { agents, cluster, migration, status } = run;
  const { uid, namespace } = migration.metadata;
  const target = cluster.node(status.targetNode ?? '');
  if (!target) return giveUp(run, 'move', `node ${status.targetNode} left the cluster`);
  const waiting = await agents.target(target, uid);
  if (waiting.state !== 'waiting') {
    const message = `the target no longer waits: it is ${waiting.state}`;
    const failure = waiting.failure ?? { step: 'prepare', message, criuLog: [] };
    return giveUp(run, failure.step, failure.message, failure.criuLog);
  }
  const awaited = cluster.pod(namespace, status.targetPod ?? '')?.metadata.annotations[CONTAINERS_ANNOTATION];
  const { transport = 'stream', compression = 'none', maxBytesPerSecond = null } = migration.spec;
  const request = {
    source: { namespace, pod: status.sourcePod ?? '', podUid: status.sourceUid ?? '' },
    containers: (awaited ?? '').split(','),
    targetAgent: agents.urlOf(target),
    transport,
    address: status.address ?? 'new',
    compression,
    maxBytesPerSecond,
    deadlineMs: freezeDeadlineMs(migration.spec),
  };
  try {
    return await judge(run, await whileOut(run, () => agents.move(source, uid, request, run.signal)));
  } catch (error) {
    if (!(error instanceof AgentRefusal)) throw error;
    return giveUp(run, error.step, error.message, error.criuLog);
  }
}

async function judge(run: Run, record: SourceRecord): Promise<Outcome> {
  switch (record.state) {
    case 'committed':
    case 'released':
      // Clients wait for this; what fails here is done again in Committed.
      await changeOver(run).catch(() => undefined);
      return commit(run, record);
    case 'thawed':
      return giveUpThawed(run, record.failure);
    case 'moving':
    case 'absent':
      return lookAgain(run);
  }
}
