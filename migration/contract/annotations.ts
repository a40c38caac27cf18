/** Annotation on a target pod: the migration (CR uid) whose state its containers wait for at `create`. */
export const MIGRATION_ANNOTATION = 'podferry.dev/migration';

/**
 * Annotation on a target pod that is to take over its source's address: that address, of a dual-stack pod the IPv4 and then the IPv6
 * address with a comma between them. The CNI plugin reads it.
 */
export const ADDRESS_ANNOTATION = 'podferry.dev/address';

/**
 * Annotation on a pod that is to be restored: names of the containers whose state waits, separated by commas, in the order in
 * which the kubelet starts them. The others have run to their end in the source: here they end at once.
 */
export const CONTAINERS_ANNOTATION = 'podferry.dev/containers';

/**
 * Annotation on a pod that is to be restored: the exec commands of its containers' postStart hooks, which ran in the source and are not
 * run again; JSON, container name -> array of words.
 */
export const POST_START_ANNOTATION = 'podferry.dev/post-start';

/** Annotation on a restored pod: directory on the store that holds one pod's checkpoint. */
export const CHECKPOINT_ANNOTATION = 'podferry.dev/checkpoint';

/** Annotation on a moved pod: the name of the pod that its line of moves began with. */
export const ORIGIN_ANNOTATION = 'podferry.dev/origin';

/**
 * Annotation on a Podmigration whose target was lost with its node after the commit, before anybody heard whether it ran: a person's word that
 * the source is to go on from where it was frozen. Its one value is `resume-source`.
 */
export const TARGET_LOST_ANNOTATION = 'podferry.dev/target-lost';
export const RESUME_SOURCE = 'resume-source';

/**
 * Annotations of the original "extended kubelet" contract: what is to be done, and where on the store. `checkpoint` on a running
 * pod saves it once to `<snapshotPath>/<pod name up to its first dash>`; `restore` on a pod that is being made starts it from the
 * checkpoint at `snapshotPath`. Empty: nothing.
 */
export const SNAPSHOT_POLICY_ANNOTATION = 'snapshotPolicy';
export const SNAPSHOT_PATH_ANNOTATION = 'snapshotPath';

/** RuntimeClass and containerd handler whose containers can be moved. */
export const RUNTIME_CLASS = 'podferry';

/** Annotation on a target pod: what of its source it is given only when it has become the pod (JSON; see operator/handover/). */
export const HANDOVER_ANNOTATION = 'podferry.dev/handover';

/** Label on a Podmigration that somebody asked for by a pod's annotations: the pod's uid. */
export const SNAPSHOT_OF_LABEL = 'podferry.dev/snapshot-of';

/**
 * Label on a pod, or on a namespace for all pods in it: `move` has evictions (`kubectl drain`) move the pod to another node. Any other
 * value on a pod: evict it as usual, whatever its namespace says.
 */
export const EVICT_LABEL = 'podferry.dev/evict';

/** Label on a node that is being removed from the cluster, whatever its value: the addresses that it gives out go with it. */
export const LEAVING_LABEL = 'podferry.dev/leaving';

/** Annotation on an Eviction that the operator has judged and let through; without it nobody evicts a pod that opted in. */
export const EVICTION_JUDGED_ANNOTATION = 'podferry.dev/eviction-judged';

/** Annotation on a pod whose move for an eviction was given up, as it did not get its turn: it is not moved for another one. */
export const EVICTION_GIVEN_UP_ANNOTATION = 'podferry.dev/eviction-given-up';
