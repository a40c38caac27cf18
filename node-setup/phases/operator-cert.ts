import { z } from 'zod';
import { OPERATOR_COMMON_NAME } from '../../migration/contract/agent-api.ts';
import { EVICTIONS_HOST_NAME } from '../../migration/contract/evictions.ts';
import { REST_HOST_NAMES } from '../../migration/contract/rest.ts';
import { CA_DIR } from '../paths.ts';
import type { Phase } from '../phase.ts';
import { newKey, sign, stillValid } from '../shell/pki.ts';

/** What the phase prints, in PEM; a secret. It is kept in the cluster as a Secret, which only the operator reads. */
export const operatorCertOutput = z.strictObject({
  key: z.string().startsWith('-----BEGIN PRIVATE KEY-----'),
  cert: z.string().startsWith('-----BEGIN CERTIFICATE-----'),
  ca: z.string().startsWith('-----BEGIN CERTIFICATE-----'),
});

const KEY = `${CA_DIR}/operator.key`;
const CERT = `${CA_DIR}/operator.crt`;

/**
 * The operator's key and certificate, made on the master: agents know it by its name, users of its REST API by the names of
 * the Service and the master's address, the API server its webhook by that of another Service.
 */
export const operatorCert: Phase = {
  name: 'operator-cert',
  title: 'certificate of the operator',
  timeoutSeconds: 30,
  on: 'master',
  apply: (c) => `
for_users() {
  ! openssl x509 -in ${CERT} -noout -checkip ${c.host.address} -checkhost ${REST_HOST_NAMES[0]} | grep -q 'NOT match'
}
for_evictions() { openssl x509 -in ${CERT} -noout -checkhost ${EVICTIONS_HOST_NAME} | grep -q 'does match'; }
by_this_authority() { openssl verify -CAfile ${CA_DIR}/ca.crt ${CERT} >/dev/null 2>&1; }
{ [ -s ${KEY} ] && ${stillValid(CERT)} && for_users && for_evictions && by_this_authority; } || {
  ${newKey(KEY)}
  openssl req -new -key ${KEY} -subj '/CN=${OPERATOR_COMMON_NAME}' -out ${CA_DIR}/operator.csr
  ${sign(`${CA_DIR}/operator.csr`, CERT, CA_DIR, {
    commonName: OPERATOR_COMMON_NAME,
    usages: ['clientAuth', 'serverAuth'],
    alternativeNames: [
      ...[...REST_HOST_NAMES, EVICTIONS_HOST_NAME, c.host.name].map((name) => `DNS:${name}`),
      `IP:${c.host.address}`,
    ],
  })}
  rm -f ${CA_DIR}/operator.csr
}
`,
  verify: () => `
by_this_authority || fail 'the certificate of the operator was not signed by the authority of this lab'
jq -n --rawfile key ${KEY} --rawfile cert ${CERT} --rawfile ca ${CA_DIR}/ca.crt '{key: $key, cert: $cert, ca: $ca}'
`,
  remove: () => `
rm -f ${KEY} ${CERT}
`,
};
