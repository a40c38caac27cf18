import type { ArtefactName } from '../toolchain/artefacts.ts';
import { ARTEFACT_DIR } from './paths.ts';
import type { PhaseContext } from './phase.ts';

/** Where an artefact lies on a host. */
export function artefactPath(c: PhaseContext, name: ArtefactName): string {
  const artefact = c.artefacts[name];
  return `${ARTEFACT_DIR}/${artefact.sha256}-${artefact.name}`;
}
