import { z } from 'zod';
import { agentCommonName } from '../../migration/contract/agent-api.ts';
import { PKI_DIR } from '../paths.ts';
import type { Phase } from '../phase.ts';
import { newKey } from '../shell/pki.ts';

/** What the phase prints: a certificate signing request in PEM. */
export const agentKeyOutput = z.strictObject({
  csr: z.string().startsWith('-----BEGIN CERTIFICATE REQUEST'),
});

/** The agent's private key, made on the node and never told to anybody, and the request for its certificate. */
export const agentKey: Phase = {
  name: 'agent-key',
  title: 'key of the agent',
  timeoutSeconds: 30,
  on: 'all',
  apply: (c) => `
mkdir -p ${PKI_DIR}
chmod 700 ${PKI_DIR}
[ -s ${PKI_DIR}/agent.key ] || {
  ${newKey(`${PKI_DIR}/agent.key`)}
  rm -f ${PKI_DIR}/agent.csr
}
# a signature differs each time: the same request is answered as long as the key is the same
[ -s ${PKI_DIR}/agent.csr ] || {
  openssl req -new -key ${PKI_DIR}/agent.key -subj '/CN=${agentCommonName(c.host.name)}' -out ${PKI_DIR}/agent.csr.new
  mv -f ${PKI_DIR}/agent.csr.new ${PKI_DIR}/agent.csr
}
`,
  verify: () => `
openssl req -in ${PKI_DIR}/agent.csr -verify -noout >/dev/null 2>&1 || fail 'the certificate request is damaged'
jq -n --rawfile csr ${PKI_DIR}/agent.csr '{csr: $csr}'
`,
  remove: () => `
rm -f ${PKI_DIR}/agent.key ${PKI_DIR}/agent.csr
rmdir ${PKI_DIR} 2>/dev/null || true
`,
};
