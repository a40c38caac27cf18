/** Who looks. */
type Looker = 'operator' | 'source agent' | 'target agent';

export interface CheckDefinition {
  by: Looker;
  /** What has to hold. */
  holds: string;
  /** Why a user may take the risk with `spec.ignoreChecks`; absent: the check cannot be ignored. */
  ignorable?: string;
}

/**
 * Every check that is made before a pod is moved, in the order in which they are told. The names are what
 * `spec.ignoreChecks` takes. A check may be ignored only where the worst that can come of it is a move that fails
 * and leaves the pod as it was, or a rule of the user's own.
 */
export const CHECKS = {
  IgnoreChecks: { by: 'operator', holds: '`spec.ignoreChecks` names checks that exist and may be ignored' },
  PodExists: { by: 'operator', holds: 'the pod exists in this namespace' },
  PodRunning: { by: 'operator', holds: 'the pod is Running and not being deleted' },
  PodFree: { by: 'operator', holds: 'no other migration or checkpoint is at the pod' },
  Runtime: { by: 'operator', holds: 'the pod’s containers run through podferry’s runtime' },
  StaticPod: { by: 'operator', holds: 'the pod is no static pod: those are files of one node' },
  Controller: {
    by: 'operator',
    holds: 'the pod’s controller lets it move: none, ReplicaSet, StatefulSet or Job; no DaemonSet',
  },
  HostNamespaces: { by: 'operator', holds: 'no `hostNetwork`, `hostPID` or `hostIPC`' },
  SharedProcesses: { by: 'operator', holds: 'no `shareProcessNamespace`' },
  UserNamespace: { by: 'operator', holds: 'no user namespace of its own (`hostUsers: false`)' },
  Devices: { by: 'operator', holds: 'no resources of device plugins, no resource claims, no block volumes' },
  Volumes: {
    by: 'operator',
    holds:
      'every volume goes along: `emptyDir` is copied; `configMap`, `secret`, `projected`, `downwardAPI`, `hostPath`, `nfs`, `image` and claims with ReadWriteMany or ReadOnlyMany are mounted anew',
  },
  EphemeralContainers: { by: 'operator', holds: 'no ephemeral container (`kubectl debug`)' },
  ContainersRunning: {
    by: 'operator',
    holds: 'init containers are finished, every other container runs, or has completed for good',
  },
  PostStartHooks: {
    by: 'operator',
    holds: '`postStart` hooks are of kind `exec`: others would run again on the target',
  },
  LivenessProbe: {
    by: 'operator',
    holds: 'liveness probes bear a freeze of the expected length (a warning otherwise)',
  },
  NetworkPolicy: {
    by: 'operator',
    holds:
      'no NetworkPolicy selects the pod: its new address has to become known first (a warning otherwise)',
  },
  DisruptionBudget: {
    by: 'operator',
    holds: 'its PodDisruptionBudgets allow a disruption',
    ignorable: 'the pod is away for its freeze only',
  },
  Quota: {
    by: 'operator',
    holds: 'the namespace’s quotas have room for a second pod like it',
    ignorable: 'the API server has the last word, before anything is touched',
  },
  HostPorts: {
    by: 'operator',
    holds: '`address: keep`: no container has a `hostPort`, which leads to the pod on one node only',
  },
  HomeStays: {
    by: 'operator',
    holds: '`address: keep`: the pod’s node is not being removed from the lab, and its addresses with it',
  },
  SourceAgent: {
    by: 'operator',
    holds: 'the agent of the pod’s node answers and finds the pod’s containers',
  },
  SourceCriu: { by: 'source agent', holds: '`criu check` is content with the kernel' },
  Rights: {
    by: 'source agent',
    holds: 'processes of other users than root: only where the agent has CAP_SYS_RESOURCE',
  },
  TracedProcesses: { by: 'source agent', holds: 'no process is being traced (a debugger, strace)' },
  IoUring: { by: 'source agent', holds: 'no process has an io_uring open' },
  OpenFiles: {
    by: 'source agent',
    holds: 'no open devices but terminals and the like, no kernel objects that CRIU knows not',
  },
  FileWatches: {
    by: 'source agent',
    holds: 'no inotify watches in the container’s own file system',
    ignorable: 'CRIU may find the files by their names; if not, the dump fails and the pod goes on',
  },
  DeletedNames: {
    by: 'source agent',
    holds:
      'no file open or mapped under a deleted name while it has another (named POSIX semaphores are such)',
  },
  SystemVMemory: {
    by: 'source agent',
    holds: 'at most one container has System V shared memory attached',
  },
  EventCounters: {
    by: 'source agent',
    holds: 'no eventfd with EFD_SEMAPHORE, a flag that CRIU does not keep',
  },
  Mptcp: { by: 'source agent', holds: 'no multipath TCP sockets' },
  Sockets: { by: 'source agent', holds: 'sockets are of families that CRIU knows' },
  PodAddress: {
    by: 'source agent',
    holds: 'no socket is bound to the pod’s own address, unless it keeps that; link-local ones are not kept',
  },
  Address: {
    by: 'source agent',
    holds:
      '`address: keep`: the pod network of its node lets a pod take its address along, and it has one, or one of IPv4 and one of IPv6 (by default a warning, and the pod gets another address)',
  },
  SourceMemory: {
    by: 'source agent',
    holds: 'the source has room in memory for the state',
    ignorable: 'an estimate; without room the dump fails and the pod goes on',
  },
  SourceStore: { by: 'source agent', holds: 'transport `store`: the source reaches it, and it has room' },
  NodeExists: { by: 'operator', holds: 'the destination is a node of the cluster' },
  NodeDiffers: { by: 'operator', holds: 'the destination is another node than the pod’s' },
  NodeReady: { by: 'operator', holds: 'the destination is Ready' },
  NodeSchedulable: { by: 'operator', holds: 'the destination is not cordoned' },
  NodeTaints: { by: 'operator', holds: 'the pod tolerates the destination’s taints' },
  NodeAffinity: {
    by: 'operator',
    holds: 'the pod’s `nodeSelector` and required node affinity allow the destination',
  },
  NodeRoom: {
    by: 'operator',
    holds: 'the destination has what the pod requests',
    ignorable: 'the scheduler has the last word, before anything is touched',
  },
  TargetAgent: { by: 'operator', holds: 'the agent of the destination answers' },
  TargetCriu: { by: 'target agent', holds: '`criu check` is content with the kernel' },
  TargetAddress: {
    by: 'target agent',
    holds: '`address: keep`: the pod network of the destination takes a pod with its address in',
  },
  CriuVersion: {
    by: 'target agent',
    holds: 'CRIU of the destination is not older',
    ignorable: 'an image that CRIU cannot read fails the restore, and the pod goes on',
  },
  Architecture: { by: 'target agent', holds: 'both nodes have the same architecture' },
  Kernel: { by: 'target agent', holds: 'the destination’s kernel is not older (a warning otherwise)' },
  Cgroups: { by: 'target agent', holds: 'both nodes use the same version of cgroups' },
  Cpu: { by: 'target agent', holds: 'the destination’s CPU has every feature of the source’s' },
  TargetMemory: {
    by: 'target agent',
    holds: 'the destination has room in memory for the state and the restored pod',
    ignorable: 'an estimate; without room the move fails and the pod goes on',
  },
  TargetDisk: {
    by: 'target agent',
    holds: 'the destination has room on disk for written files and volumes',
    ignorable: 'an estimate; without room the restore fails and the pod goes on',
  },
  Images: {
    by: 'target agent',
    holds:
      'pods with several containers: all images are there, as only the first is pulled before the freeze',
  },
  TargetStore: { by: 'target agent', holds: 'transport `store`: the destination reaches it' },
  Candidates: {
    by: 'operator',
    holds: 'dry run without a destination: some node would do; the message says which',
  },
} as const satisfies Record<string, CheckDefinition>;

export type CheckName = keyof typeof CHECKS;

const definitions: Readonly<Record<string, CheckDefinition>> = CHECKS;

/** What is known of a check; undefined for a name that no check has. */
export const definitionOf = (name: string): CheckDefinition | undefined =>
  Object.hasOwn(definitions, name) ? definitions[name] : undefined;

/** Names that `spec.ignoreChecks` takes. */
export const ignorableChecks = (): string[] =>
  Object.keys(definitions).filter((name) => definitions[name]?.ignorable !== undefined);
