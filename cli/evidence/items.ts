import { OPERATOR_DEPLOYMENT, OPERATOR_NAMESPACE } from '../../migration/operator/manifests.ts';
import type { Captured } from '../programs.ts';
import type { ReachableHost } from './reach.ts';

/** One file of the collection. */
export interface EvidenceItem {
  /** Its path in the tar. */
  file: string;
  /** Answers what goes into it; anything thrown is written beside it instead. */
  collect(): Promise<Captured>;
}

/** Seconds for any one question; a lab in trouble may not answer at all. */
const ASK_SECONDS = 60;

/** Lines of a journal at most: the newest. */
const JOURNAL_LINES = 50_000;

const HOST_QUESTIONS: Record<string, string> = {
  'journal.txt': `journalctl --no-pager -o short-precise -n ${JOURNAL_LINES}`,
  'units.txt':
    'systemctl --no-pager list-units --all --failed; systemctl --no-pager status podferry-agent kubelet containerd',
  'network.txt': 'ip address; ip -4 route; ip -6 route; nft list ruleset | head -n 2000',
  'mounts.txt': 'findmnt; df -h',
  'processes.txt': 'ps axfo pid,ppid,stat,wchan:20,etime,rss,args',
  'containers.txt':
    'ctr -n k8s.io containers list; ctr -n k8s.io tasks list; ls -lR /run/podferry /var/lib/podferry 2>&1 | head -n 500',
  'versions.txt': 'uname -a; criu --version; runc --version; containerd --version; kubelet --version',
  // Text only: CRIU's logs and the agent's; the images themselves may hold what the pods hold.
  'podferry-logs.txt':
    "cd /var/log/podferry && find . -type f -name '*.log' -printf '%T@ %p\\n' | sort -n | tail -n 200 | cut -d' ' -f2- | " +
    'while read -r log; do printf \'\\n==> %s <==\\n\' "$log"; tail -c 200000 "$log"; done',
};

export function hostItems(host: ReachableHost): EvidenceItem[] {
  return Object.entries(HOST_QUESTIONS).map(([name, script]) => ({
    file: `hosts/${host.name}/${name}`,
    collect: () => host.run(script, ASK_SECONDS),
  }));
}

const OPERATOR_PODS = [
  '-n',
  OPERATOR_NAMESPACE,
  `deployment/${OPERATOR_DEPLOYMENT}`,
  '--all-pods',
  '--prefix',
];

/** Fetched from inside: the operator's metrics are served nowhere else. */
const PRINT_METRICS = "fetch('http://127.0.0.1:8080/metrics').then((r) => r.text()).then(console.log)";

const CLUSTER_QUESTIONS: Record<string, string[]> = {
  'nodes.yaml': ['get', 'nodes', '-o', 'yaml'],
  'pods.txt': ['get', 'pods', '-A', '-o', 'wide'],
  'pods.yaml': ['get', 'pods', '-A', '-o', 'yaml'],
  'pods-described.txt': ['describe', 'pods', '-A'],
  'events.txt': ['get', 'events', '-A', '--sort-by=.lastTimestamp'],
  'podmigrations.yaml': ['get', 'podmigrations', '-A', '-o', 'yaml'],
  'podmigrations-described.txt': ['describe', 'podmigrations', '-A'],
  'crd.yaml': ['get', 'crd', '-o', 'yaml'],
  'workloads.yaml': ['get', 'deployments,replicasets,daemonsets,services,leases', '-A', '-o', 'yaml'],
  'operator-metrics.txt': [
    ...['exec', '-n', OPERATOR_NAMESPACE, `deployment/${OPERATOR_DEPLOYMENT}`],
    ...['--', 'node', '-e', PRINT_METRICS],
  ],
  'operator-log.txt': ['logs', ...OPERATOR_PODS, '--tail=20000'],
  'operator-log-before.txt': ['logs', ...OPERATOR_PODS, '--tail=20000', '--previous'],
};

/** @param kubectl asks the cluster with the given arguments */
export function clusterItems(
  kubectl: (args: string[], timeoutSeconds: number) => Promise<Captured>,
): EvidenceItem[] {
  return Object.entries(CLUSTER_QUESTIONS).map(([name, args]) => ({
    file: `cluster/${name}`,
    collect: () => kubectl(['--request-timeout=20s', ...args], ASK_SECONDS),
  }));
}
