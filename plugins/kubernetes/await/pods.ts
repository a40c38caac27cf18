import { nameOf } from '../object/kube-object.ts';
import { at, listAt, numberAt, type Tree, textAt } from '../object/tree.ts';
import type { Readiness, Verdict } from './readiness.ts';

/** A pod is ready when its Ready condition says so, or when it has done its work and ended well. */
export const podReadiness: Readiness = {
  check: ({ object }) => checkPod(object),
};

/** The verdict on one pod; its reasons name containers, exit codes and what the kubelet says. */
function checkPod(pod: Tree): Verdict {
  const phase = textAt(pod, 'status', 'phase');
  const reasons = podReasons(pod);
  if (phase === 'Succeeded') return { ready: true, progress: 'ended successfully', reasons: [] };
  if (phase === 'Failed') {
    const why = [textAt(pod, 'status', 'reason'), textAt(pod, 'status', 'message')].filter(
      (part) => part !== '',
    );
    return { ready: false, hopeless: true, progress: 'failed', reasons: [...why, ...reasons] };
  }
  if (conditionOf(pod, 'PodScheduled')?.status !== 'True') return waiting('to be scheduled', reasons);
  if (conditionOf(pod, 'Initialized')?.status !== 'True') return waiting('to be initialized', reasons);
  if (conditionOf(pod, 'Ready')?.status !== 'True') return waiting('to be ready', reasons);
  return { ready: true, progress: 'ready', reasons: [] };
}

/** Why a pod is not ready, as far as its status tells: one line per cause, each starting with the pod's name. */
export function podReasons(pod: Tree): string[] {
  const unmet = ['PodScheduled', 'Initialized', 'Ready']
    .map((type) => conditionOf(pod, type))
    .filter((condition) => condition !== undefined && condition.status !== 'True' && condition.message !== '')
    .map((condition) => `${condition?.reason || condition?.type}: ${condition?.message}`);
  const containers = ['initContainerStatuses', 'containerStatuses'].flatMap((key) =>
    listAt(pod, 'status', key).flatMap(containerReasons),
  );
  return [...unmet, ...containers].map((reason) => `Pod ${nameOf(pod)}: ${reason}`);
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** A condition in an object's status; undefined when it has not been reported. */
export function conditionOf(object: Tree, type: string): Condition | undefined {
  const found = listAt(object, 'status', 'conditions').find(
    (condition) => textAt(condition, 'type') === type,
  );
  if (found === undefined) return undefined;
  return {
    type,
    status: textAt(found, 'status'),
    reason: textAt(found, 'reason'),
    message: textAt(found, 'message'),
  };
}

function waiting(what: string, reasons: readonly string[]): Verdict {
  const last = reasons.at(-1);
  return { ready: false, progress: `waiting ${what}${last === undefined ? '' : ` (${last})`}`, reasons };
}

function containerReasons(status: unknown): string[] {
  if (at(status, 'ready') === true) return [];
  const name = textAt(status, 'name');
  const waitingFor = textAt(status, 'state', 'waiting', 'reason');
  const reasons: string[] = [];
  // These two are the normal way to running.
  if (waitingFor !== '' && waitingFor !== 'ContainerCreating' && waitingFor !== 'PodInitializing') {
    reasons.push(
      withMessage(
        `container ${name} is waiting: ${waitingFor}`,
        textAt(status, 'state', 'waiting', 'message'),
      ),
    );
  }
  for (const [state, verb] of [
    ['state', 'ended'],
    ['lastState', 'ended before'],
  ] as const) {
    const code = numberAt(status, state, 'terminated', 'exitCode');
    if (code === undefined || (code === 0 && state === 'state')) continue;
    const reason = textAt(status, state, 'terminated', 'reason');
    const line = `container ${name} ${verb} with exit code ${code}${reason === '' ? '' : ` (${reason})`}`;
    reasons.push(withMessage(line, textAt(status, state, 'terminated', 'message')));
  }
  return reasons;
}

function withMessage(line: string, message: string): string {
  return message === '' ? line : `${line}: ${message.trim()}`;
}
