import { AGENT_PORT, agentCommonName } from '../../migration/contract/agent-api.ts';
import { artefactPath } from '../artefact-path.ts';
import { LIB_DIR, PKI_DIR } from '../paths.ts';
import type { Phase } from '../phase.ts';
import { expanded, literal } from '../shell/here.ts';
import { agentSettings, agentUnit } from '../templates/agent.ts';
import { STORE_FILE } from './store-client.ts';

const UNIT = '/etc/systemd/system/podferry-agent.service';

/** The node's agent as a service; reads the output of the phase `agent-cert` on stdin. */
export const agent: Phase = {
  name: 'agent',
  title: 'migration agent',
  timeoutSeconds: 90,
  on: 'all',
  apply: (c) => `
answer=$(cat)
printf '%s' "$answer" | jq -re .cert >/run/podferry/agent.crt || fail 'no certificate on stdin'
printf '%s' "$answer" | jq -re .ca >/run/podferry/ca.crt
put ${PKI_DIR}/agent.crt 644 </run/podferry/agent.crt
put ${PKI_DIR}/ca.crt 644 </run/podferry/ca.crt
rm -f /run/podferry/agent.crt /run/podferry/ca.crt
[ "$(openssl x509 -in ${PKI_DIR}/agent.crt -noout -pubkey)" = "$(openssl pkey -in ${PKI_DIR}/agent.key -pubout)" ] ||
  fail 'the certificate on stdin is not for the key of this node'
put_link ${artefactPath(c, 'node')} ${LIB_DIR}/node
put_link ${artefactPath(c, 'agent.mjs')} ${LIB_DIR}/agent.mjs
[ -s ${STORE_FILE} ] || fail '${STORE_FILE} is missing: the store comes first'
settings=$(jq --slurpfile store ${STORE_FILE} '. + {store: $store[0]}' ${literal(JSON.stringify(agentSettings(c.host)))}
)
put /etc/podferry/agent.json 644 ${expanded('$settings')}
put ${UNIT} 644 ${literal(agentUnit)}
if [ $changed = yes ] || ! systemctl is-active --quiet podferry-agent; then
  systemctl daemon-reload
  systemctl enable --quiet podferry-agent
  systemctl restart podferry-agent
fi
`,
  verify: (c) => `
answers() {
  # its own certificate will do: agents are each other's clients
  openssl s_client -brief -connect ${c.host.address}:${AGENT_PORT} -tls1_3 -verify_return_error -verify_ip ${c.host.address} \\
    -CAfile ${PKI_DIR}/ca.crt -cert ${PKI_DIR}/agent.crt -key ${PKI_DIR}/agent.key </dev/null 2>&1 |
    grep -q 'CN *= *${agentCommonName(c.host.name)}'
}
start=$(date +%s)
until answers; do
  # an agent that keeps on dying will not answer later either
  if [ $(($(date +%s) - start)) -ge 30 ] || [ "$(systemctl show -P NRestarts podferry-agent)" -ge 10 ]; then
    journalctl --no-pager -q -u podferry-agent -n 15 -o cat >&2
    fail 'waited for the agent at ${c.host.address}, port ${AGENT_PORT}'
  fi
  sleep 0.2
done
`,
  remove: () => `
systemctl disable --quiet --now podferry-agent 2>/dev/null || true
rm -f ${UNIT} /etc/podferry/agent.json ${PKI_DIR}/agent.crt ${PKI_DIR}/ca.crt
systemctl daemon-reload
rm -rf ${LIB_DIR} /var/lib/podferry/agent /run/podferry/images /run/podferry/runtime.sock
`,
};
