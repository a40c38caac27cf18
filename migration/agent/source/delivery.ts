import type { TargetRecord } from '../../contract/agent-api.ts';
import type { Logger } from '../log.ts';
import type { Stopwatch } from '../stopwatch.ts';
import type { Store } from '../store/store.ts';
import type { CapturePlaces } from './capture.ts';
import type { Containers } from './containers.ts';
import type { FoundPod } from './pod.ts';
import type { TargetLink } from './target-link.ts';

/** A way to bring a pod's state to its target. One delivers once. */
export interface Delivery {
  /** How many times the pod's memory has to fit into this node's. */
  readonly copies: number;
  /** Size of the state, as far as it was delivered. */
  readonly bytes: number;
  /** What takes long, and can be done long before the freeze. */
  sendAhead(pod: FoundPod, watch: Stopwatch): Promise<void>;
  /** What has to be done right before the freeze. */
  prepare(pod: FoundPod): Promise<void>;
  /**
   * Captures the frozen pod's state and brings it to the target. Resolves with the target's answer, or rejects; then it
   * dumps no more. Once the signal is aborted it rejects as soon as a dump under way has ended.
   */
  deliver(pod: FoundPod, watch: Stopwatch): Promise<TargetRecord>;
}

export interface DeliveryContext {
  id: string;
  containers: Containers;
  store: Store;
  link: TargetLink;
  places: CapturePlaces;
  /** Aborted when the move is given up. */
  signal: AbortSignal;
  log: Logger;
}
