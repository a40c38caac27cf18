import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeptAddresses } from '../../contract/agent-api.ts';
import type { Logger } from '../log.ts';
import type { AddressFiles, AwayAddress, HereAddress } from './address-files.ts';
import type { AddressTurns } from './address-turns.ts';

/** What keeps the node's network as the files say. */
export interface AddressRoutes {
  /** Sends an address on to a node, and keeps it from being given to others if it is one of this node's. */
  lead(address: string, via: string): Promise<void>;
  /** Undoes everything that is there for an address, and lets it be given out again if it is one of this node's. */
  forget(address: string): Promise<void>;
}

export interface TendContext {
  /** This node's own address. */
  own: string;
  files: AddressFiles;
  turns: AddressTurns;
  routes: AddressRoutes;
  /** The kubelet's folder of pods. */
  kubeletPods: string;
  /** Addresses of the other nodes; one that was removed from the lab is none. */
  nodes(): Promise<ReadonlySet<string>>;
  /** What the agent of a node knows; rejects when it does not answer. */
  ask(node: string): Promise<KeptAddresses>;
  log: Logger;
}

/**
 * Looks after addresses over time, again and again: those whose pods have ended are given out anew by their home, those whose
 * pods have moved on are led there, and routes that somebody took away are set again. Each node asks the one that it leads an
 * address to, and nobody else: a home follows its pods, and a node that a pod went through forgets it when the home knows better.
 */
export class AddressTender {
  readonly #context: TendContext;
  /** Addresses that the other node did not know, by the last round: nothing is forgotten at first sight. */
  #unknown = new Set<string>();

  constructor(context: TendContext) {
    this.#context = context;
  }

  /** One round after the other, with a pause in between. */
  async tendAlways(pauseMs: number): Promise<void> {
    for (;;) {
      await sleep(pauseMs, undefined, { ref: false });
      await this.tend();
    }
  }

  /** One round. Never rejects: what cannot be told now is told the next time. */
  async tend(): Promise<void> {
    const { log } = this.#context;
    const tried = async (what: string, work: Promise<void>): Promise<void> => {
      await work.catch((error: unknown) => log.warn({ error: String(error) }, `not tended: ${what}`));
    };
    await tried('addresses of this node', this.#tendHere());
    const all = await this.#context.files.away().catch(() => []);
    const away = all.filter(({ state }) => state === 'left');
    const held = all.filter(({ state, via }) => state === 'claimed' && via === this.#context.own);
    const before = this.#unknown;
    this.#unknown = new Set();
    for (const one of away) await tried(one.address, this.#tendAway(one, before));
    for (const one of held) await tried(one.address, this.#tendHeld(one));
  }

  /** Pods end, here like anywhere. An address whose pod went on to another node is none of this node's. */
  async #tendHere(): Promise<void> {
    const { files, turns, kubeletPods } = this.#context;
    for (const one of await files.here())
      if (!existsSync(path.join(kubeletPods, one.podUid)))
        await turns.take(one.address, () => this.#endHere(one));
  }

  async #endHere({ address, podUid }: HereAddress): Promise<void> {
    const { files, routes, log } = this.#context;
    const isOf = (one: { address: string }): boolean => one.address === address;
    // Another pod may have come with the address since.
    if ((await files.here()).find(isOf)?.podUid !== podUid) return;
    if (!(await files.away()).some(isOf)) await routes.forget(address);
    await files.forget('here', address);
    log.info({ address }, 'the pod of this address has ended here');
  }

  /** A pod that has left may be taken for one that has come until the kubelet has removed its folder. */
  async #hasCome({ address, via }: AwayAddress): Promise<boolean> {
    const { files, kubeletPods } = this.#context;
    const isAway = (await files.away()).some(
      (one) => one.address === address && one.via === via && one.state === 'left',
    );
    const isHere = (await files.here()).some(
      (one) => one.address === address && existsSync(path.join(kubeletPods, one.podUid)),
    );
    return isHere || !isAway;
  }

  /**
   * An address that is held for a pod which is made anew somewhere: the operator says where, unless it takes this node for dead. Whoever
   * has it is its node then.
   */
  async #tendHeld({ address }: AwayAddress): Promise<void> {
    const { files, turns, routes, nodes, ask, log } = this.#context;
    const isOf = (one: { address: string }): boolean => one.address === address;
    for (const via of await nodes()) {
      const said = await ask(via).catch(() => undefined);
      const isThere = said?.here.some(isOf) && !said.away.some(isOf);
      if (!isThere) continue;
      await turns.take(address, async () => {
        if (!(await files.isClaimed(address))) return;
        await routes.lead(address, via);
        await files.noteAway({ address, via, state: 'left' });
        log.info({ address, via }, 'the pod of this address was made anew there');
      });
    }
  }

  async #tendAway(known: AwayAddress, before: ReadonlySet<string>): Promise<void> {
    const { turns, nodes, ask } = this.#context;
    const { address, via } = known;
    const said = (await nodes()).has(via) ? await ask(via) : { here: [], away: [] };
    await turns.take(address, () => this.#follow(known, said, before));
  }

  /** Does what the other node says, unless the address's pod has come here meanwhile: its packets would go round in circles. */
  async #follow(
    known: AwayAddress,
    { here, away }: KeptAddresses,
    before: ReadonlySet<string>,
  ): Promise<void> {
    const { files, routes, nodes, log } = this.#context;
    const { address, via } = known;
    if (await this.#hasCome(known)) return;
    if (here.some((other) => other.address === address)) return routes.lead(address, via);
    const next = away.find((other) => other.address === address && other.state === 'left');
    if (next !== undefined && (await nodes()).has(next.via)) {
      await routes.lead(address, next.via);
      await files.noteAway({ ...known, via: next.via });
      log.info({ address, via: next.via }, 'the pod of this address lives there now');
      return;
    }
    this.#unknown.add(address);
    if (!before.has(address)) return;
    await routes.forget(address);
    await files.forget('away', address);
    log.info({ address, via }, 'the pod of this address has ended there');
  }
}

/** Addresses of the nodes to whose pods there are routes; `file` is node-setup's, "SUBNET NODE" a line. */
export async function otherNodes(file: string): Promise<Set<string>> {
  const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
  return new Set(lines.flatMap(([, node]) => node ?? []));
}
