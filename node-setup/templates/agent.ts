import type { z } from 'zod';
import type { agentConfig } from '../../migration/agent/config.ts';
import { AGENT_PORT } from '../../migration/contract/agent-api.ts';
import { REST_NODE_PORT, REST_PORT } from '../../migration/contract/rest.ts';
import { LIB_DIR, PKI_DIR, STORE_ROOT } from '../paths.ts';
import type { LabHost } from '../phase.ts';

/** The agent's configuration but for its way to the store, which the node itself has found out. */
export function agentSettings(host: LabHost): Omit<z.input<typeof agentConfig>, 'store'> {
  return {
    node: host.name,
    role: host.role,
    listen: { address: host.address, port: AGENT_PORT },
    tls: { key: `${PKI_DIR}/agent.key`, cert: `${PKI_DIR}/agent.crt`, ca: `${PKI_DIR}/ca.crt` },
    runtimeSocket: '/run/podferry/runtime.sock',
    stateDir: '/var/lib/podferry/agent',
    imagesDir: '/run/podferry/images',
    logDir: '/var/log/podferry',
    ...(host.role === 'master' ? onMaster(host) : {}),
  };
}

/** The master keeps the store, and is where the original's clients look for the REST API. */
const onMaster = ({ address }: LabHost) => ({
  storeRoot: STORE_ROOT,
  loopback: { port: REST_PORT, api: `https://${address}:${REST_NODE_PORT}` },
});

/**
 * The agent's unit. It freezes, dumps and reads any container of the node, by runc and CRIU, so it keeps its
 * privileges and sees the machine's own mounts: what would give it a mount namespace or a filter of system calls of
 * its own would break dumps. What is left to take away is taken. A stop reaches the agent alone:
 * a dump cut off half-way would leave its pod to run on in pieces, and the next start takes up what goes on.
 */
export const agentUnit = `[Unit]
Description=podferry: the node's migration agent
After=containerd.service podferry-network.service
StartLimitIntervalSec=0

[Service]
Environment=NODE_ENV=production
ExecStart=${LIB_DIR}/node ${LIB_DIR}/agent.mjs --config /etc/podferry/agent.json
Restart=always
RestartSec=100ms
KillMode=process
TimeoutStopSec=45s
UMask=0077
RuntimeDirectory=podferry
RuntimeDirectoryPreserve=yes
StateDirectory=podferry/agent
StateDirectoryMode=0700
KeyringMode=private
LimitCORE=0

[Install]
WantedBy=multi-user.target`;
