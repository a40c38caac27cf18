import type { Phase } from '../phase.ts';
import { artefacts } from './artefacts.ts';
import { base } from './base.ts';
import { containerd } from './containerd.ts';
import { controlPlane } from './control-plane.ts';
import { images } from './images.ts';
import { join } from './join.ts';
import { joinToken } from './join-token.ts';
import { kubelet } from './kubelet.ts';
import { member } from './member.ts';
import { podRoutes } from './pod-routes.ts';

/** Every phase, in an order in which each comes after all that it needs. */
export const allPhases: readonly Phase[] = [
  base,
  artefacts,
  containerd,
  images,
  podRoutes,
  kubelet,
  controlPlane,
  joinToken,
  join,
  member,
];
