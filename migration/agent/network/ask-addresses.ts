import { AGENT_PORT, type KeptAddresses, keptAddresses } from '../../contract/agent-api.ts';
import { AgentClient } from '../client.ts';
import type { TlsMaterial } from '../tls.ts';

const CALL_MS = 5000;

/** Asks the agent of a node, by the node's address, which addresses live there. */
export function askAddresses(tls: TlsMaterial): (node: string) => Promise<KeptAddresses> {
  return async (node) => {
    const client = new AgentClient(`https://${node}:${AGENT_PORT}`, tls);
    try {
      return await client.get('/v1/addresses', {}, keptAddresses, CALL_MS);
    } finally {
      client.close();
    }
  };
}
