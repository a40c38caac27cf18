import { z } from 'zod';
import type { ExperimentLab } from '../lab.ts';
import type { Arm, Pause } from './arm.ts';

/** How long the processes are stopped, one time after another, in ms. */
const PAUSES_MS = [20, 50, 100, 200, 500];
const BETWEEN_SECONDS = 0.4;
const PAUSE_SECONDS = 30;

const printed = z.array(z.tuple([z.coerce.number(), z.coerce.number()]));

/**
 * No transition at all: the pod's processes are stopped for known times by SIGSTOP and SIGCONT, and go on. What the prober says of them
 * shows how far it can be believed, on the very path that the other arms are measured on.
 */
export const pause: Arm = {
  name: 'pause',
  what: `control: the pod is stopped (SIGSTOP) for ${PAUSES_MS.join(', ')} ms and goes on where it is`,
  family: 'control',
  startsAs: 'pod',
  async make({ lab, source, mark }) {
    mark('asked');
    return { pod: source.name, pauses: await stopFor(lab, source.node, source.container) };
  },
};

/** EPOCHREALTIME is the shell's own clock, in microseconds: asking for it starts no process. */
async function stopFor(lab: ExperimentLab, node: string, container: string): Promise<Pause[]> {
  const script = `set -eu
pids=$(ctr -n k8s.io tasks ps ${container} | awk 'NR > 1 { print $1 }')
for ms in ${PAUSES_MS.join(' ')}; do
  sleep ${BETWEEN_SECONDS}
  kill -STOP $pids
  t0=$EPOCHREALTIME
  sleep $(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))
  t1=$EPOCHREALTIME
  kill -CONT $pids
  echo "$t0 $t1"
done
`;
  const lines = (await lab.onNode(node, script, PAUSE_SECONDS)).trim().split('\n');
  return printed
    .parse(lines.map((line) => line.split(' ')))
    .map(([from, to]) => ({ at: from * 1000, ms: Math.round((to - from) * 10_000) / 10 }));
}
