import { Agent, type IncomingMessage, request } from 'node:http';
import type { AgentWire } from '../../operator/agent-wire.ts';

/** The agents of a whole cluster behind one URL: plain HTTP, the node's name first in the path. */
export function plainWire(url: string): AgentWire {
  const connections = new Agent({ keepAlive: true });
  return {
    urlOf: (node) => `${url}/${node.metadata.name}`,
    async exchange(to, { method, path, body, timeoutMs, signal }) {
      const timeout = AbortSignal.timeout(timeoutMs);
      const options = {
        method,
        agent: connections,
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      };
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        const asked = request(new URL(`${url}/${to.metadata.name}${path}`), options, resolve);
        asked.once('error', reject);
        asked.end(body === undefined ? undefined : JSON.stringify(body));
      });
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      return { code: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
    },
  };
}
