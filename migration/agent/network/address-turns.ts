/**
 * Work on an address, one piece after another in the order it came. What is on disk of an address and what the network does with it
 * change together: whoever decides by the one and changes the other takes a turn for both.
 */
export class AddressTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  async take<T>(address: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(address) ?? Promise.resolve()).then(work, work);
    this.#last.set(address, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(address) === turn) this.#last.delete(address);
    }
  }
}
