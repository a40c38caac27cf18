import { type MatrixLab, ON_NODE_SECONDS } from './matrix-lab.ts';

const DIR = '/run/podferry/failpoints';
const DROP_IN = '/run/systemd/system/podferry-agent.service.d';

/**
 * Lets the workers' agents look for failpoints (see agent/failpoints.ts), until the next boot at the latest; an agent that does
 * already is left alone.
 */
export async function switchOn(lab: MatrixLab): Promise<void> {
  await onWorkers(
    lab,
    `set -eu
[ ! -e ${DROP_IN}/failpoints.conf ] || exit 0
mkdir -p ${DIR} ${DROP_IN}
rm -f ${DIR}/*
printf '[Service]\\nEnvironment=PODFERRY_FAILPOINTS=${DIR}\\n' >${DROP_IN}/failpoints.conf
systemctl daemon-reload
systemctl restart podferry-agent.service
`,
  );
}

export async function switchOff(lab: MatrixLab): Promise<void> {
  await onWorkers(
    lab,
    `set -eu
rm -rf ${DROP_IN} ${DIR}
systemctl daemon-reload
systemctl restart podferry-agent.service
`,
  );
}

/** Makes the next move wait at the point, or throw there. */
export async function set(
  lab: MatrixLab,
  node: string,
  point: string,
  action: 'wait' | 'fail',
): Promise<void> {
  const content = action === 'fail' ? 'fail' : '';
  await lab.onNode(
    node,
    `mkdir -p ${DIR} && rm -f ${DIR}/*.reached && printf %s '${content}' >${DIR}/${point}`,
    ON_NODE_SECONDS,
  );
}

/** Resolves when a move waits at the point. @throws when none does in time */
export async function reached(lab: MatrixLab, node: string, point: string, seconds: number): Promise<void> {
  const script = `for try in $(seq ${seconds * 10}); do
  [ ! -e ${DIR}/${point}.reached ] || exit 0
  sleep 0.1
done
echo 'no move came to ${point} within ${seconds} s' >&2
exit 1
`;
  await lab.onNode(node, script, seconds + ON_NODE_SECONDS);
}

/** Lets whatever waits go on. */
export async function clear(lab: MatrixLab, node: string): Promise<void> {
  await lab.onNode(node, `rm -f ${DIR}/*`, ON_NODE_SECONDS);
}

async function onWorkers(lab: MatrixLab, script: string): Promise<void> {
  const workers = lab.outputs.nodes.filter(({ role }) => role === 'worker');
  await Promise.all(workers.map(({ name }) => lab.onNode(name, script, 2 * ON_NODE_SECONDS)));
}
