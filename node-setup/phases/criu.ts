import { artefactPath } from '../artefact-path.ts';
import { SETUP_DIR } from '../paths.ts';
import type { Phase, PhaseContext } from '../phase.ts';

/** A TCP port of the loopback address, used for the second that the proof takes. */
const PORT = 39_460;

/** First in the search path of services, so that runc finds it before the package's. */
const SITE_CRIU = '/usr/local/sbin/criu';

const PROOF = '/run/podferry/criu-proof';
const STAMP = `${SETUP_DIR}/criu-proof`;

/** What the proof holds for: this CRIU on this kernel. */
const subject = `$(criu --version | tr '\\n' ' ') on $(uname -r)`;

/**
 * Proves that CRIU works here, by what it is needed for: a process that counts over an established TCP connection is
 * dumped, is gone, is restored, and counts on over the same connection. Version numbers say nothing: CRIU 4.1.1
 * knows everything needed and still cannot dump a socket on kernels from 6.16 on.
 */
export const criu: Phase = {
  name: 'criu',
  title: 'proof that CRIU works',
  timeoutSeconds: 90,
  on: 'all',
  apply: (c) => `
${siteCriu(c)}
said() { grep -hE 'Error|Warn' "$1" 2>/dev/null | tail -n 8 >&2; }
at_least() { [ "$(cat ${PROOF}/count 2>/dev/null || echo 0)" -ge "$1" ]; }
stop_proof() {
  for process in $server $client; do kill -9 "$process" 2>/dev/null || true; done
  rm -rf ${PROOF}
}
hint="this is $(criu --version | head -n 1) on kernel $(uname -r); without a criu package of the host's own, 4.2.1 is installed"
# a subshell, so that its end is the end of what it started
prove() (
  server='' client=''
  trap stop_proof EXIT
  rm -rf ${PROOF}
  mkdir -p ${PROOF}/images
  # shellcheck disable=SC2016 # for socat's shell to expand; the other end of the connection is not part of what is dumped
  setsid socat TCP-LISTEN:${PORT},bind=127.0.0.1,reuseaddr \\
    SYSTEM:'while read -r line; do sleep 0.02; echo $line; done' </dev/null >${PROOF}/server.log 2>&1 9>&- &
  server=$!
  wait_for 10 'the proof server to listen' grep -q "$(printf ':%04X 00000000:0000 0A' ${PORT})" /proc/net/tcp
  # shellcheck disable=SC2016 # for the inner shell to expand
  setsid bash -c 'exec 3<>/dev/tcp/127.0.0.1/${PORT}
    for ((n = 1; ; n++)); do
      echo $n >&3
      read -r -t 20 answer <&3 && [ "$answer" = $n ] || exit 1
      echo $n >${PROOF}/count
    done' </dev/null >${PROOF}/client.log 2>&1 9>&- &
  client=$!
  wait_for 10 'the process to count over its connection' at_least 3
  criu dump --tree $client --images-dir ${PROOF}/images --log-file ${PROOF}/dump.log -v4 --tcp-established \\
    >/dev/null 2>&1 || { said ${PROOF}/dump.log; fail "CRIU cannot dump a process with a TCP connection: $hint"; }
  ! kill -0 $client 2>/dev/null || { fail 'CRIU said it dumped a process, which still runs'; }
  before=$(cat ${PROOF}/count)
  criu restore --images-dir ${PROOF}/images --log-file ${PROOF}/restore.log -v4 --tcp-established --restore-detached \\
    >/dev/null 2>&1 9>&- || { said ${PROOF}/restore.log; fail "CRIU cannot restore a process with a TCP connection: $hint"; }
  start=$(date +%s)
  until at_least $((before + 3)); do
    [ $(($(date +%s) - start)) -lt 10 ] || { said ${PROOF}/restore.log; fail "a restored process stays at count $before"; }
    sleep 0.05
  done
)
if [ "$(cat ${STAMP} 2>/dev/null || true)" != "${subject}" ]; then
  prove
  echo "${subject}" >${STAMP}
fi
`,
  verify: () => `
[ "$(cat ${STAMP})" = "${subject}" ] || fail 'CRIU was not proven on this kernel'
`,
  remove: () => `
rm -rf ${PROOF} ${STAMP} ${SITE_CRIU}
# what CRIU has found out about the kernel
rm -f /run/criu.kdat
`,
};

function siteCriu(c: PhaseContext): string {
  return c.artefacts.criu === undefined
    ? `rm -f ${SITE_CRIU}`
    : `put_link ${artefactPath(c, 'criu')} ${SITE_CRIU}`;
}
