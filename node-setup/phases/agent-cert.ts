import { z } from 'zod';
import { agentCommonName } from '../../migration/contract/agent-api.ts';
import { CA_DIR } from '../paths.ts';
import type { Phase } from '../phase.ts';
import { sign, stillValid } from '../shell/pki.ts';

const pem = z.string().startsWith('-----BEGIN CERTIFICATE-----');

/** What the phase prints: the agent's certificate and that of the authority, in PEM. */
export const agentCertOutput = z.strictObject({ cert: pem, ca: pem });

/**
 * Signs a node's certificate on the master; reads the output of the phase `agent-key` on stdin. The same key gets the
 * same certificate again, as long as that is valid.
 */
export const agentCert: Phase = {
  name: 'agent-cert',
  title: 'certificate of the agent',
  timeoutSeconds: 30,
  on: 'all',
  via: 'master',
  apply: (c) => {
    const issued = `${CA_DIR}/issued-${c.host.name}`;
    return `
jq -re .csr >${issued}.csr || fail 'no certificate request on stdin'
same_key() { [ "$(openssl x509 -in ${issued}.crt -noout -pubkey)" = "$(openssl req -in ${issued}.csr -noout -pubkey)" ]; }
for_address() { openssl x509 -in ${issued}.crt -noout -checkip ${c.host.address} | grep -q 'does match'; }
by_this_authority() { openssl verify -CAfile ${CA_DIR}/ca.crt ${issued}.crt >/dev/null 2>&1; }
{ ${stillValid(`${issued}.crt`)} && same_key && for_address && by_this_authority; } || {
  ${sign(`${issued}.csr`, `${issued}.crt`, CA_DIR, {
    commonName: agentCommonName(c.host.name),
    usages: ['serverAuth', 'clientAuth'],
    alternativeNames: [`IP:${c.host.address}`, `DNS:${c.host.name}`],
  })}
}
rm -f ${issued}.csr
`;
  },
  verify: (c) => `
by_this_authority || fail 'the certificate was not signed by the authority of this lab'
jq -n --rawfile cert ${CA_DIR}/issued-${c.host.name}.crt --rawfile ca ${CA_DIR}/ca.crt '{cert: $cert, ca: $ca}'
`,
  remove: (c) => `
rm -f ${CA_DIR}/issued-${c.host.name}.*
`,
};
