import { setTimeout as sleep } from 'node:timers/promises';
import { inStep } from '../failure.ts';
import type { Logger } from '../log.ts';
import type { PodLink } from './pod-link.ts';
import type { PodNetwork } from './pod-network.ts';

/**
 * What a move does about its source's network, in the order of the move. All but `stays` may fail before the commit, and then
 * the source stays; `moved` and `stays` can be repeated until they succeed.
 */
export interface SourceNetwork {
  /** The pod runs on yet; nothing is felt by anybody. The link is to be on disk before anything else is called. */
  find(pid: number): Promise<PodLink | null>;
  /** Right before the freeze. */
  hold(pid: number): Promise<void>;
  /** The pod is frozen, and about to be dumped. */
  silence(): Promise<void>;
  /** Before the commit: what has to outlast this host, whatever comes of it. */
  claim(): Promise<void>;
  /** The target runs. */
  moved(): Promise<void>;
  /** The source runs on, or is about to. Never rejects: it goes on trying in the background. */
  stays(): Promise<void>;
}

const nothing = async (): Promise<void> => undefined;

/** The pod runs on with its address, or its connections end with it. */
export const untouchedNetwork: SourceNetwork = {
  find: async () => null,
  hold: nothing,
  silence: nothing,
  claim: nothing,
  moved: nothing,
  stays: nothing,
};

/** The target has another address: whoever is connected to the source is told when the target runs. */
export function leavingNetwork(closeConnections: () => Promise<void>, log: Logger): SourceNetwork {
  return {
    ...untouchedNetwork,
    async moved() {
      // Nobody waits for it: clients that are not told now are told when the tasks are killed.
      closeConnections().catch((error: unknown) => {
        log.warn({ error: String(error) }, 'connections not closed');
      });
    },
  };
}

/** Where a pod goes with its address. */
export interface Destination {
  /** The other node's address; this one's, where it is not known yet. */
  via: string;
  /** How long the pod may be away, in seconds. */
  seconds: number;
}

/** The target takes the pod's address over, and its clients notice nothing. */
export class MovingNetwork implements SourceNetwork {
  readonly #network: PodNetwork;
  readonly #destination: Destination;
  readonly #log: Logger;
  #link: PodLink | null;
  /** What is under way goes beside other steps of the move: it is waited for before what it does is undone. */
  #underWay: Promise<unknown> = Promise.resolve();

  /** `link`: of the pod, when it is known from an earlier run of the agent. */
  constructor(network: PodNetwork, destination: Destination, log: Logger, link: PodLink | null) {
    this.#network = network;
    this.#destination = destination;
    this.#log = log;
    this.#link = link;
  }

  async find(pid: number): Promise<PodLink> {
    this.#link = await inStep('network', () => this.#network.linkOf(pid));
    return this.#link;
  }

  /**
   * First those that open a connection, so that the frozen pod is left with none that nobody has accepted, which would be lost;
   * then everything.
   */
  hold(pid: number): Promise<void> {
    const link = this.#known();
    const { via, seconds } = this.#destination;
    return this.#step(async () => {
      this.#network.readyToLeave(link, via, seconds);
      await this.#network.holdNew(link, seconds);
      const waiting = await this.#network.settled(pid);
      if (waiting.length > 0)
        this.#log.warn(
          { address: link.address, waiting },
          'connections that the pod does not accept are lost',
        );
      await this.#network.cutOff(link);
    });
  }

  silence(): Promise<void> {
    return this.#step(() => this.#network.silence(this.#known()));
  }

  claim(): Promise<void> {
    return this.#step(() => this.#network.claim(this.#known(), this.#destination.via));
  }

  async moved(): Promise<void> {
    const packets = await this.#network.handOver(this.#known(), this.#destination.via);
    this.#report('handed over', packets);
  }

  async stays(): Promise<void> {
    if (this.#link === null) return;
    await this.#underWay;
    if (!(await this.#gaveBack(this.#link))) void this.#keepGivingBack(this.#link);
  }

  #step(work: () => Promise<void>): Promise<void> {
    const step = inStep('network', work);
    this.#underWay = Promise.allSettled([this.#underWay, step]);
    return step;
  }

  async #keepGivingBack(link: PodLink): Promise<void> {
    do await sleep(RETRY_MS, undefined, { ref: false });
    while (!(await this.#gaveBack(link)));
  }

  async #gaveBack(link: PodLink): Promise<boolean> {
    try {
      this.#report('given back', await this.#network.giveBack(link));
      return true;
    } catch (error) {
      this.#log.error(
        { error: String(error), address: link.address },
        'the pod is cut off from the network still',
      );
      return false;
    }
  }

  /** Nothing is lost silently: packets beyond the bound of what is held are the oldest, and their senders send them again. */
  #report(what: string, { held, freed }: { held: number; freed: number }): void {
    const lost = Math.max(0, held - freed);
    const details = { address: this.#link?.address, held, lost };
    if (lost > 0) this.#log.warn(details, `packets ${what}, more than could be held`);
    else this.#log.info(details, `packets ${what}`);
  }

  #known(): PodLink {
    if (this.#link === null) throw new Error('the link of the pod is not known');
    return this.#link;
  }
}

const RETRY_MS = 1000;
