import type { Phase } from '../phase.ts';
import { agent } from './agent.ts';
import { agentCa } from './agent-ca.ts';
import { agentCert } from './agent-cert.ts';
import { agentKey } from './agent-key.ts';
import { artefacts } from './artefacts.ts';
import { base } from './base.ts';
import { containerd } from './containerd.ts';
import { controlPlane } from './control-plane.ts';
import { criu } from './criu.ts';
import { appImages, images } from './images.ts';
import { join } from './join.ts';
import { joinToken } from './join-token.ts';
import { keptAddresses } from './kept-addresses.ts';
import { kubelet } from './kubelet.ts';
import { leavingNodes } from './leaving-nodes.ts';
import { member } from './member.ts';
import { operatorCert } from './operator-cert.ts';
import { podRoutes } from './pod-routes.ts';
import { preflight } from './preflight.ts';
import { storeCheck } from './store-check.ts';
import { storeClient } from './store-client.ts';
import { storeServer } from './store-server.ts';

/** Every phase, in an order in which each comes after all that it needs; removal goes the other way. */
export const allPhases: readonly Phase[] = [
  leavingNodes,
  preflight,
  base,
  artefacts,
  criu,
  storeServer,
  storeClient,
  storeCheck,
  podRoutes,
  keptAddresses,
  containerd,
  images,
  appImages,
  kubelet,
  controlPlane,
  joinToken,
  join,
  member,
  agentCa,
  agentKey,
  agentCert,
  operatorCert,
  agent,
];
