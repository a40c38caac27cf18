import type { PodLink } from '../network/pod-link.ts';
import type { HeldPackets, PodNetwork } from '../network/pod-network.ts';
import type { Waiting } from '../network/waiting-connections.ts';

/** A network that only remembers what was done to it, and can be told to fail at a step. */
export class FakeNetwork implements PodNetwork {
  readonly link: PodLink = { address: '10.244.1.7', interface: 'veth7', mac: '02:00:00:00:00:07' };
  readonly done: string[] = [];
  /** Steps that fail, each as often as it stands here. */
  failing: string[] = [];

  whyNoKeeping = async () => undefined;
  linkOf = async () => this.#step('find', this.link);
  notedLink = async () => undefined;
  readyToLeave = () => undefined;
  readyToOpen = () => undefined;
  holdNew = () => this.#step('hold new', undefined);
  settled = () => this.#step<Waiting[]>('settled', []);
  cutOff = () => this.#step('cut off', undefined);
  silence = () => this.#step('silence', undefined);
  claim = () => this.#step('claim', undefined);
  handOver = (_link: PodLink, via: string) =>
    this.#step<HeldPackets>(`hand over to ${via}`, { held: 3, freed: 3 });
  giveBack = () => this.#step<HeldPackets>('give back', { held: 3, freed: 3 });
  prepare = () => this.#step('prepare', undefined);
  open = () => this.#step('open', undefined);
  announce = () => this.#step('announce', undefined);

  async #step<T>(name: string, outcome: T): Promise<T> {
    this.done.push(name);
    const place = this.failing.indexOf(name);
    if (place < 0) return outcome;
    this.failing.splice(place, 1);
    throw new Error(`${name} failed`);
  }
}
