import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request as tlsRequest } from 'node:https';
import { join } from 'node:path';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { z } from 'zod';
import {
  agentCommonName,
  agentFailure,
  checkpointManifest,
  checkpointRecord,
  sourcePreflight,
  sourceRecord,
  targetPreflight,
  targetRecord,
} from '../contract/agent-api.ts';
import { type Node, nodeAddress } from '../kube/objects.ts';
import { AgentRefusal, type Agents, AgentUnreachable } from './agents.ts';

/** The operator's key pair and the authority that agents' certificates come from, in PEM. */
export interface Credentials {
  ca: string;
  cert: string;
  key: string;
}

/** Reads ca.crt, tls.crt and tls.key, the names that a Kubernetes TLS secret has. */
export function readCredentials(directory: string): Credentials {
  const read = (file: string) => readFileSync(join(directory, file), 'utf8');
  return { ca: read('ca.crt'), cert: read('tls.crt'), key: read('tls.key') };
}

/** Answers that need no waiting: an agent on a busy node still writes its record to disk first. */
const ANSWER_MS = 10_000;
/** What network and queueing may add to a time that the agent itself keeps. */
const SLACK_MS = 5_000;
/** The agent looks at every process of the pod. */
const PREFLIGHT_MS = 30_000;
/** A checkpoint of a large pod to a slow store; past it the operator asks again. */
const CHECKPOINT_MS = 110_000;

interface Call {
  method: 'GET' | 'POST';
  path: string;
  body?: unknown;
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** Agents reached over HTTPS with mutual TLS 1.3. */
export function httpAgents(credentials: Credentials, port: number): Agents {
  const connections = new Agent({ keepAlive: true, timeout: 60_000 });

  async function call<T extends z.ZodType>(to: Node, type: T, details: Call): Promise<z.infer<T>> {
    const label = `agent of ${to.metadata.name}: ${details.method} ${details.path}`;
    const { code, text } = await exchange(to, details).catch((cause: unknown) => {
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

  async function exchange(to: Node, details: Call): Promise<{ code: number; text: string }> {
    const body = details.body === undefined ? undefined : Buffer.from(JSON.stringify(details.body));
    const timeout = AbortSignal.timeout(details.timeoutMs ?? ANSWER_MS);
    const signal = details.signal ? AbortSignal.any([details.signal, timeout]) : timeout;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = tlsRequest(
        {
          host: nodeAddress(to),
          port,
          method: details.method,
          path: details.path,
          agent: connections,
          ...credentials,
          minVersion: 'TLSv1.3',
          checkServerIdentity: (host, certificate) => identityProblem(host, certificate, to.metadata.name),
          headers: body && { 'content-type': 'application/json', 'content-length': body.length },
          signal,
        },
        resolve,
      );
      request.once('error', reject);
      request.end(body);
    });
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { code: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
  }

  return {
    urlOf: (node) => {
      const address = nodeAddress(node);
      return `https://${address.includes(':') ? `[${address}]` : address}:${port}`;
    },
    source: (to, id) => call(to, sourceRecord, { method: 'GET', path: `/v1/migrations/${id}` }),
    move: (to, id, body, signal) =>
      call(to, sourceRecord, {
        method: 'POST',
        path: `/v1/migrations/${id}/move`,
        body,
        timeoutMs: body.deadlineMs + SLACK_MS,
        signal,
      }),
    abortSource: (to, id, reason) =>
      call(to, sourceRecord, { method: 'POST', path: `/v1/migrations/${id}/abort`, body: { reason } }),
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
    abortCheckpoint: (to, id, reason) =>
      call(to, checkpointRecord, { method: 'POST', path: `/v1/checkpoints/${id}/abort`, body: { reason } }),
    releaseCheckpoint: (to, id) =>
      call(to, checkpointRecord, { method: 'POST', path: `/v1/checkpoints/${id}/release`, body: {} }),
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
    manifest: (keeper, path) =>
      call(keeper, checkpointManifest, {
        method: 'GET',
        path: `/v1/store/manifest?path=${encodeURIComponent(path)}`,
      }),
  };
}

/** The certificate must be for the address that was called, and be that of this node's agent. */
function identityProblem(host: string, certificate: PeerCertificate, node: string): Error | undefined {
  const problem = checkServerIdentity(host, certificate);
  if (problem) return problem;
  const expected = agentCommonName(node);
  if (certificate.subject.CN === expected) return undefined;
  return new Error(`the certificate is for ${certificate.subject.CN}, not for ${expected}`);
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
