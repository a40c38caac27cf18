import { CA_DIR } from '../paths.ts';
import type { Phase } from '../phase.ts';
import { newKey, selfSign, stillValid } from '../shell/pki.ts';

/** The lab's own certificate authority, for agents and operator only. Its key never leaves the master. */
export const agentCa: Phase = {
  name: 'agent-ca',
  title: 'certificate authority of the agents',
  timeoutSeconds: 30,
  on: 'master',
  apply: (c) => `
mkdir -p ${CA_DIR}
chmod 700 ${CA_DIR}
[ -s ${CA_DIR}/ca.key ] || {
  ${newKey(`${CA_DIR}/ca.key`)}
  rm -f ${CA_DIR}/ca.crt
}
${stillValid(`${CA_DIR}/ca.crt`)} || {
  ${selfSign(`${CA_DIR}/ca.key`, `${CA_DIR}/ca.crt`, `podferry-ca:${c.lab.name}`)}
}
`,
  verify: () => `
openssl verify -CAfile ${CA_DIR}/ca.crt ${CA_DIR}/ca.crt >/dev/null || fail 'the certificate of the authority is not valid'
`,
  remove: () => `
rm -rf ${CA_DIR}
`,
};
