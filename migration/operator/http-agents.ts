import type { z } from 'zod';
import {
  AHEAD_LIMIT_MS,
  agentFailure,
  checkpointRecord,
  removedCheckpoint,
  sourcePreflight,
  sourceRecord,
  storedCheckpoint,
  targetPreflight,
  targetRecord,
} from '../contract/agent-api.ts';
import type { Node } from '../kube/objects.ts';
import type { AgentWire, Exchange } from './agent-wire.ts';
import { AgentRefusal, type Agents, AgentUnreachable } from './agents.ts';

/** Answers that need no waiting: an agent on a busy node still writes its record to disk first. */
const ANSWER_MS = 10_000;
/** What network and queueing may add to a time that the agent itself keeps. */
const SLACK_MS = 5_000;
/** The agent looks at every process of the pod. */
const PREFLIGHT_MS = 30_000;
/** A large checkpoint written to a slow store, or read from it; past it the operator asks again, and joins what goes on. */
const CHECKPOINT_MS = 110_000;

type AgentCall = Omit<Exchange, 'timeoutMs'> & { timeoutMs?: number };

/** The agents' API, spoken over `wire`. */
export function httpAgents(wire: AgentWire): Agents {
  async function call<T extends z.ZodType>(to: Node, type: T, details: AgentCall): Promise<z.infer<T>> {
    const label = `agent of ${to.metadata.name}: ${details.method} ${details.path}`;
    const { code, text } = await wire
      .exchange(to, { timeoutMs: ANSWER_MS, ...details })
      .catch((cause: unknown) => {
        throw new AgentUnreachable(`${label}: no answer: ${rootMessage(cause)}`, to.metadata.name, { cause });
      });
    const body = parseJson(text);
    if (code < 300) {
      const parsed = type.safeParse(body);
      if (parsed.success) return parsed.data;
      throw new AgentRefusal(
        `${label}: an answer that cannot be read: ${parsed.error.message}`,
        code,
        'answer',
        [],
      );
    }
    const failure = agentFailure.safeParse(body);
    if (!failure.success)
      throw new AgentRefusal(`${label}: HTTP ${code} ${text.slice(0, 300)}`, code, 'answer', []);
    const { step, message, criuLog } = failure.data;
    throw new AgentRefusal(message, code, step, criuLog);
  }

  return {
    urlOf: (node) => wire.urlOf(node),
    source: (to, id) => call(to, sourceRecord, { method: 'GET', path: `/v1/migrations/${id}` }),
    move: (to, id, body, signal) =>
      call(to, sourceRecord, {
        method: 'POST',
        path: `/v1/migrations/${id}/move`,
        body,
        timeoutMs: AHEAD_LIMIT_MS + body.deadlineMs + SLACK_MS,
        signal,
      }),
    abortSource: (to, id, reason) =>
      call(to, sourceRecord, { method: 'POST', path: `/v1/migrations/${id}/abort`, body: { reason } }),
    reclaimSource: (to, id, reason) =>
      call(to, sourceRecord, { method: 'POST', path: `/v1/migrations/${id}/reclaim`, body: { reason } }),
    release: (to, id) =>
      call(to, sourceRecord, { method: 'POST', path: `/v1/migrations/${id}/release`, body: {} }),
    target: (to, id) => call(to, targetRecord, { method: 'GET', path: `/v1/targets/${id}` }),
    awaitTarget: (to, id, until, timeoutMs, signal) =>
      call(to, targetRecord, {
        method: 'GET',
        path: `/v1/targets/${id}?until=${until.join(',')}&timeoutMs=${timeoutMs}`,
        timeoutMs: timeoutMs + SLACK_MS,
        signal,
      }),
    resumeTarget: (to, id) =>
      call(to, targetRecord, { method: 'POST', path: `/v1/targets/${id}/resume`, body: {} }),
    abortTarget: (to, id, reason) =>
      call(to, targetRecord, { method: 'POST', path: `/v1/targets/${id}/abort`, body: { reason } }),
    checkpoint: (to, id) => call(to, checkpointRecord, { method: 'GET', path: `/v1/checkpoints/${id}` }),
    startCheckpoint: (to, id, body, signal) =>
      call(to, checkpointRecord, {
        method: 'POST',
        path: `/v1/checkpoints/${id}`,
        body,
        timeoutMs: CHECKPOINT_MS,
        signal,
      }),
    keepCheckpoint: (to, id) =>
      call(to, checkpointRecord, { method: 'POST', path: `/v1/checkpoints/${id}/keep`, body: {} }),
    abortCheckpoint: (to, id, reason) =>
      call(to, checkpointRecord, { method: 'POST', path: `/v1/checkpoints/${id}/abort`, body: { reason } }),
    releaseCheckpoint: (to, id) =>
      call(to, checkpointRecord, { method: 'POST', path: `/v1/checkpoints/${id}/release`, body: {} }),
    handOverCheckpoint: (to, id, body) =>
      call(to, checkpointRecord, { method: 'POST', path: `/v1/checkpoints/${id}/hand-over`, body }),
    preflightSource: (to, body) =>
      call(to, sourcePreflight, {
        method: 'POST',
        path: '/v1/preflight/source',
        body,
        timeoutMs: PREFLIGHT_MS,
      }),
    preflightTarget: (to, body) =>
      call(to, targetPreflight, {
        method: 'POST',
        path: '/v1/preflight/target',
        body,
        timeoutMs: PREFLIGHT_MS,
      }),
    storedCheckpoint: (keeper, { path, check }) =>
      call(keeper, storedCheckpoint, {
        method: 'GET',
        path: `/v1/store/checkpoint?path=${encodeURIComponent(path)}&check=${check}`,
        timeoutMs: check === 'contents' ? CHECKPOINT_MS : ANSWER_MS,
      }),
    removeCheckpoint: (keeper, body) =>
      call(keeper, removedCheckpoint, { method: 'POST', path: '/v1/store/checkpoint/remove', body }),
  };
}

function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : rootMessage(error.cause);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
