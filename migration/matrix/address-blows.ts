import { onEnd, onMaster, type Scene } from './matrix-lab.ts';

/** What strikes the network's part of moves that keep the pod's address. */

const PROGRAM = '/usr/local/sbin/podferry-addresses';
const WHOLE = `${PROGRAM}.whole`;

/** The commands of podferry-addresses that a move calls, at the end that calls them. */
export type AddressCommand = 'cut-off' | 'silence' | 'hand-over' | 'give-back' | 'open';

/** One of the program's commands fails from now on, and does nothing. */
export const breakCommand = (
  scene: Scene,
  end: 'source' | 'target',
  command: AddressCommand,
): Promise<string> =>
  onEnd(
    scene,
    end,
    `set -eu
[ -e ${WHOLE} ] || cp -p ${PROGRAM} ${WHOLE}
cat >${PROGRAM}.broken <<'BROKEN'
#!/bin/sh
case "\${1:-} \${2:-}" in '${command} '* | 'when-told ${command}') false ;; esac || { echo '${command} is broken on purpose' >&2; exit 1; }
exec ${WHOLE} "$@"
BROKEN
chmod 755 ${PROGRAM}.broken
mv ${PROGRAM}.broken ${PROGRAM}
# the agent may have started it, to wait until it is needed
pkill -f '${PROGRAM} when-told ${command} ' || true
`,
  );

export const mendCommands = (scene: Scene): Promise<unknown> =>
  Promise.all(
    (['source', 'target'] as const).map((end) =>
      onEnd(scene, end, `[ ! -e ${WHOLE} ] || mv ${WHOLE} ${PROGRAM}`),
    ),
  );

/** More than 32 MiB with the kernel's overhead, which is what an address may have waiting. */
const DATAGRAMS = 40_000;
const DATAGRAM_BYTES = 1400;

/** Sends the pod, which is held, more than can be held. */
export async function overflowQueue(scene: Scene): Promise<void> {
  const address = await heldAddress(scene);
  await onMaster(
    scene,
    `head -c $((${DATAGRAMS} * ${DATAGRAM_BYTES})) /dev/zero | socat -u -b ${DATAGRAM_BYTES} - UDP4-SENDTO:${address}:9`,
  );
}

/** The address that waits at its home, wherever the pod was before. */
async function heldAddress(scene: Scene): Promise<string> {
  const found = await onEnd(
    scene,
    'source',
    `ip -json -4 route show table 9801 | jq -r '.[] | select(.dev == "pf-queue0") | .dst'`,
  );
  const address = found.trim();
  if (!/^[\d.]+$/.test(address)) throw new Error(`not one address is held, but '${address}'`);
  return address;
}

/** Nothing when the source's agent has said of late that packets were lost, as it has to. */
export async function toldOfLoss(scene: Scene): Promise<string[]> {
  const said = await onEnd(
    scene,
    'source',
    `journalctl --no-pager -q -u podferry-agent --since -10min -o cat | grep -c 'more than could be held' || true`,
  );
  return Number(said) > 0 ? [] : ['the agent does not say that packets were lost'];
}
