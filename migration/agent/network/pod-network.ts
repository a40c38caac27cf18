import { z } from 'zod';
import { mustRun } from '../command.ts';
import type { AddressFiles } from './address-files.ts';
import type { AddressTurns } from './address-turns.ts';
import { addressesOf, linkOf, notedLink, type PodLink } from './pod-link.ts';
import { whyNoKeeping } from './support.ts';
import type { AddressRoutes } from './tend-addresses.ts';
import { type Waiting, whoStillWaits } from './waiting-connections.ts';
import { WaitingPrograms, type Words } from './waiting-programs.ts';

/** Packets for an address while its pod was between two nodes: how many were held, and how many came out again. */
export const heldPackets = z.object({ held: z.int().nonnegative(), freed: z.int().nonnegative() });
export type HeldPackets = z.infer<typeof heldPackets>;

/**
 * What moves that keep the pod's address do to this node's network: the seam between their order of steps and the system.
 * Everything can be repeated; failures are Errors with the program's words.
 */
export interface PodNetwork {
  /** Why pods of this node cannot keep their address; undefined when they can. */
  whyNoKeeping(): Promise<string | undefined>;
  /** The link of a running pod, by one of its processes. StepError `network` when it is none that can be moved. */
  linkOf(pid: number): Promise<PodLink>;
  /** The link of a pod that takes over an address, by its sandbox; undefined for every other pod. */
  notedLink(sandboxId: string): Promise<PodLink | undefined>;
  /** Starts what `cutOff`, `silence` and `handOver` take, which are sooner then; it need not come to that, and does within so many seconds. */
  readyToLeave(link: PodLink, via: string, seconds: number): void;
  /** Connections that are being opened to the pod wait from now on, for so many seconds at most. */
  holdNew(link: PodLink, seconds: number): Promise<void>;
  /** Resolves when no connection waits for the pod to accept it, or after a while: with those that wait still. */
  settled(pid: number): Promise<Waiting[]>;
  /** Everything that is sent to the pod is held from now on. */
  cutOff(link: PodLink): Promise<void>;
  /** Nothing that the pod's kernel sends leaves it any more. */
  silence(link: PodLink): Promise<void>;
  /** Keeps the address from being given to others here, also over a restart of the host: it may live at `via`. */
  claim(link: PodLink, via: string): Promise<void>;
  /** What was held goes to the other node, and so does all that comes. */
  handOver(link: PodLink, via: string): Promise<HeldPackets>;
  /** What was held goes to the pod, which runs on here. */
  giveBack(link: PodLink): Promise<HeldPackets>;
  /** Makes the way out of a pod that takes over an address, while it has none in. */
  prepare(link: PodLink): Promise<void>;
  /** Starts what `open` takes, which is sooner then; it need not come to that. */
  readyToOpen(link: PodLink): void;
  /** From now on this pod has the address, also over a restart of the host. */
  open(link: PodLink, podUid: string): Promise<void>;
  /** Tells the other pods of the address's home that the opened one is there; until they know, they reach it by a detour. */
  announce(link: PodLink): Promise<void>;
}

/** Installed by node-setup. */
const PROGRAM = 'podferry-addresses';
const LIMIT_MS = 10_000;
/** Longer than nearly every move takes from when its state begins to come. */
const OPEN_WITHIN_MS = 120_000;

/** By the program podferry-addresses, for each of a pod's addresses side by side. */
export class BridgedNetwork implements PodNetwork, AddressRoutes {
  readonly #linksDir: string;
  readonly #files: AddressFiles;
  readonly #turns: AddressTurns;
  readonly #programs = new WaitingPrograms(PROGRAM, LIMIT_MS);

  constructor(files: AddressFiles, turns: AddressTurns, linksDir: string) {
    this.#files = files;
    this.#turns = turns;
    this.#linksDir = linksDir;
  }

  whyNoKeeping(): Promise<string | undefined> {
    return whyNoKeeping();
  }

  linkOf(pid: number): Promise<PodLink> {
    return linkOf(pid);
  }

  notedLink(sandboxId: string): Promise<PodLink | undefined> {
    return notedLink(sandboxId, this.#linksDir);
  }

  readyToLeave(link: PodLink, via: string, seconds: number): void {
    const ready = (...words: Words): void => this.#programs.start(words, seconds * 1000);
    ready('silence', link.interface);
    for (const address of addressesOf(link)) {
      ready('cut-off', address);
      ready('hand-over', address, via);
    }
  }

  async holdNew(link: PodLink, seconds: number): Promise<void> {
    await forEach(link, (address) => run('hold-new', address, String(seconds), link.mac));
  }

  settled(pid: number): Promise<Waiting[]> {
    return whoStillWaits(pid);
  }

  async cutOff(link: PodLink): Promise<void> {
    await forEach(link, async (address) => {
      await this.#programs.run('cut-off', address);
    });
  }

  async silence(link: PodLink): Promise<void> {
    await this.#programs.run('silence', link.interface);
  }

  async claim(link: PodLink, via: string): Promise<void> {
    await forEach(link, (address) => this.#files.noteAway({ address, via, state: 'claimed' }));
  }

  async handOver(link: PodLink, via: string): Promise<HeldPackets> {
    return sum(
      await this.#inTurn(link, async (address) => {
        await this.#programs.run('hand-over', address, via);
        await this.#files.noteAway({ address, via, state: 'left' });
        return counted(address);
      }),
    );
  }

  async giveBack(link: PodLink): Promise<HeldPackets> {
    return sum(
      await this.#inTurn(link, async (address) => {
        this.#programs.end('silence', link.interface);
        for (const command of ['cut-off', 'hand-over']) this.#programs.end(command, address);
        await run('give-back', address, link.interface, link.mac);
        await this.#files.forget('away', address);
        return counted(address);
      }),
    );
  }

  async prepare(link: PodLink): Promise<void> {
    await forEach(link, (address) => run('prepare', address));
  }

  readyToOpen(link: PodLink): void {
    const { interface: name, mac } = link;
    for (const address of addressesOf(link))
      this.#programs.start(['open', address, name, mac], OPEN_WITHIN_MS);
  }

  async open(link: PodLink, podUid: string): Promise<void> {
    const { interface: name, mac } = link;
    await this.#inTurn(link, async (address) => {
      // Held here for a pod that is made anew: the same node has it after all.
      if (await this.#files.isClaimed(address)) await run('give-back', address, name, mac);
      await Promise.all([
        this.#programs.run('open', address, name, mac),
        this.#files.noteHere({ address, podUid }),
      ]);
      await this.#files.forget('away', address);
    });
  }

  async announce(link: PodLink): Promise<void> {
    await forEach(link, (address) => run('announce', address, link.mac));
  }

  #inTurn<T>(link: PodLink, work: (address: string) => Promise<T>): Promise<T[]> {
    return forEach(link, (address) => this.#turns.take(address, () => work(address)));
  }

  async lead(address: string, via: string): Promise<void> {
    await run('away', address, via);
  }

  async forget(address: string): Promise<void> {
    await run('forget', address);
  }
}

const forEach = <T>(link: PodLink, work: (address: string) => Promise<T>): Promise<T[]> =>
  Promise.all(addressesOf(link).map(work));

const sum = (all: readonly HeldPackets[]): HeldPackets =>
  all.reduce((one, other) => ({ held: one.held + other.held, freed: one.freed + other.freed }), {
    held: 0,
    freed: 0,
  });

async function counted(address: string): Promise<HeldPackets> {
  return heldPackets.parse(JSON.parse(await run('counts', address)));
}

async function run(...words: string[]): Promise<string> {
  return (await mustRun(PROGRAM, words, { timeoutMs: LIMIT_MS })).stdout;
}
