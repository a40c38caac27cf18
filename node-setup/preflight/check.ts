import type { PhaseContext } from '../phase.ts';

/**
 * A named look at a host, before anything on it is changed. Its script says `bad`, `warn` or `ok` with a sentence, as
 * often as it has something to say; it uses only what every Debian has (coreutils, grep, awk) and changes nothing.
 */
export interface HostCheck {
  /** As kubeadm's checks are named; a lab can ignore its errors by this name. */
  readonly name: string;
  script(c: PhaseContext): string;
}
