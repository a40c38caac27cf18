import { quote } from '../shell/quote.ts';
import { machineSettings } from './machine.ts';
import { ADDRESSES, networkName } from './network.ts';
import { podmanPrelude, STACK_LABEL } from './podman.ts';

/**
 * A script that removes all that a stack has on this machine's podman, found by its label alone: for stacks whose
 * recorded state is lost or ahead of what is there. Goes on after a failure, and fails at the end if there was one.
 */
export function removeEverything(stack: string): string {
  const filter = `--filter label=${STACK_LABEL}=${quote(stack)}`;
  return `${podmanPrelude}
failed=
podman ps -q ${filter} | while IFS= read -r host; do kill_host "$host"; done
podman ps -aq ${filter} | xargs -r ${PLAIN} rm -f -v -t 0 >/dev/null || failed=containers
podman volume ls -q ${filter} | xargs -r ${PLAIN} volume rm -f >/dev/null || failed="$failed volumes"
for network in $(podman network ls -q ${filter}) ${quote(networkName(stack))}; do
  ! podman network exists "$network" || podman network rm -f "$network" >/dev/null || failed="$failed networks"
  rm -rf "${ADDRESSES}/$network"
done
sh -c ${quote(machineSettings(stack).delete)} || failed="$failed settings"
[ -z "$failed" ] || fail "could not remove all of: $failed"
`;
}

/** xargs runs programs, not the shell's functions. */
const PLAIN = 'env podman --cgroup-manager=cgroupfs';
