import type { ExperimentLab } from '../lab.ts';

const READ_SECONDS = 30;

/** When containerd did what the kubelet asked of it for one pod, in ms since 1970 by its node's clock. */
export interface NodeTimes {
  sandboxAsked?: number;
  sandboxReady?: number;
  containerAsked?: number;
  containerStarted?: number;
}

/** Reads them off containerd's journal, which has them to the nanosecond; the pod's conditions come late and in whole seconds. */
export async function readNodeTimes(
  lab: ExperimentLab,
  node: string,
  pod: string,
  since: number,
): Promise<NodeTimes> {
  const script = `journalctl -u containerd -o cat --no-pager --since=@${Math.floor(since / 1000)} | grep -E 'RunPodSandbox|CreateContainer|StartContainer' || true`;
  return parseNodeTimes(await lab.onNode(node, script, READ_SECONDS), pod);
}

/** @param journal lines such as `time="2026-01-01T00:00:00.5Z" level=info msg="RunPodSandbox for &PodSandboxMetadata{Name:web,…}"` */
export function parseNodeTimes(journal: string, pod: string): NodeTimes {
  const times: NodeTimes = {};
  let sandbox: string | undefined;
  let container: string | undefined;
  for (const line of journal.split('\n')) {
    const at = timeOf(line);
    if (at === undefined) continue;
    if (line.includes(`RunPodSandbox for &PodSandboxMetadata{Name:${pod},`)) {
      sandbox ??= idAfter(line, 'returns sandbox id');
      if (sandbox === undefined) times.sandboxAsked ??= at;
      else times.sandboxReady ??= at;
    } else if (sandbox !== undefined && line.includes(sandbox) && line.includes('CreateContainer within')) {
      container ??= idAfter(line, 'returns container id');
      times.containerAsked ??= at;
    } else if (
      container !== undefined &&
      line.includes(container) &&
      /StartContainer for .* returns successfully/.test(line)
    )
      times.containerStarted ??= at;
  }
  return times;
}

function timeOf(line: string): number | undefined {
  const text = /^time="([^"]+)"/.exec(line)?.[1];
  if (text === undefined) return undefined;
  // Date knows milliseconds; the digits behind them are added.
  const whole = Date.parse(text);
  const fraction = /\.\d{3}(\d+)/.exec(text)?.[1];
  return Number.isNaN(whole) ? undefined : whole + (fraction === undefined ? 0 : Number(`0.${fraction}`));
}

const idAfter = (line: string, words: string): string | undefined =>
  new RegExp(`${words} \\\\?"([0-9a-f]{64})`).exec(line)?.[1];
