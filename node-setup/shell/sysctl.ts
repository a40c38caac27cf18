import { SETUP_DIR } from '../paths.ts';

/**
 * Kernel settings that remember what they were: the value found first is kept, so that removal puts it back.
 * A setting that the kernel does not have is left out; the phase that depends on it says so.
 */
export const sysctlPrelude = `
set_sysctl() {
  now=$(sysctl -n "$1" 2>/dev/null) || return 0
  [ "$now" != "$2" ] || return 0
  mkdir -p ${SETUP_DIR}
  grep -qs "^$1=" ${SETUP_DIR}/sysctls || echo "$1=$now" >>${SETUP_DIR}/sysctls
  sysctl -qw "$1=$2"
}
raise_sysctl() {
  now=$(sysctl -n "$1" 2>/dev/null) || return 0
  [ "$now" -ge "$2" ] || set_sysctl "$1" "$2"
}
restore_sysctls() {
  [ ! -e ${SETUP_DIR}/sysctls ] || sysctl -q -p ${SETUP_DIR}/sysctls >&2 || true
  rm -f ${SETUP_DIR}/sysctls
}
`;
