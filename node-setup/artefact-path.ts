import type { Artefacts } from '../toolchain/artefacts.ts';
import { ARTEFACT_DIR } from './paths.ts';
import type { PhaseContext } from './phase.ts';

/** Where an artefact lies on a host. Throws when the lab has none of that name. */
export function artefactPath(c: PhaseContext, name: keyof Artefacts): string {
  const artefact = c.artefacts[name];
  if (artefact === undefined) throw new Error(`there is no artefact ${name}`);
  return `${ARTEFACT_DIR}/${artefact.sha256}-${artefact.name}`;
}
