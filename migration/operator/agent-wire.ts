import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request as tlsRequest } from 'node:https';
import { join } from 'node:path';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { agentCommonName } from '../contract/agent-api.ts';
import { type Node, nodeAddress } from '../kube/objects.ts';

/** One request to an agent. */
export interface Exchange {
  method: 'GET' | 'POST';
  path: string;
  body?: unknown;
  timeoutMs: number;
  signal?: AbortSignal;
}

/** How agents are reached. */
export interface AgentWire {
  /** Where other agents reach this node's agent. */
  urlOf(node: Node): string;
  /** Rejects when no answer came. */
  exchange(to: Node, exchange: Exchange): Promise<{ code: number; text: string }>;
}

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

/** HTTPS with mutual TLS 1.3. */
export function tlsWire(credentials: Credentials, port: number): AgentWire {
  const connections = new Agent({ keepAlive: true, timeout: 60_000 });
  return {
    urlOf(node) {
      const address = nodeAddress(node);
      return `https://${address.includes(':') ? `[${address}]` : address}:${port}`;
    },
    async exchange(to, details) {
      const body = details.body === undefined ? undefined : Buffer.from(JSON.stringify(details.body));
      const timeout = AbortSignal.timeout(details.timeoutMs);
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
    },
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
