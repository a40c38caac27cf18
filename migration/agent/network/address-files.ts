import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { type KeptAddresses, keptAddresses, podAddress } from '../../contract/agent-api.ts';

export type AwayAddress = KeptAddresses['away'][number];
export type HereAddress = KeptAddresses['here'][number];

/**
 * Which addresses live where, as far as this node is concerned: a small file for each, so that the programs that run at boot and
 * for the CNI can read them (`away/ADDRESS`: "VIA STATE"; `here/ADDRESS`: "POD-UID"). On disk when a call resolves.
 */
export class AddressFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async away(): Promise<AwayAddress[]> {
    return this.#read('away', (name, [via, state]) =>
      keptAddresses.shape.away.element.parse({ address: name, via, state }),
    );
  }

  async here(): Promise<HereAddress[]> {
    return this.#read('here', (name, [podUid]) =>
      keptAddresses.shape.here.element.parse({ address: name, podUid }),
    );
  }

  /** Whether the address's pod may be leaving this node. */
  async isClaimed(name: string): Promise<boolean> {
    return (await this.away()).some((one) => one.address === name && one.state === 'claimed');
  }

  noteAway({ address: name, via, state }: AwayAddress): Promise<void> {
    return this.#write('away', name, `${via} ${state}`);
  }

  noteHere({ address: name, podUid }: HereAddress): Promise<void> {
    return this.#write('here', name, podUid);
  }

  forget(kind: 'away' | 'here', name: string): Promise<void> {
    return rm(path.join(this.#directory, kind, name), { force: true });
  }

  async #read<T>(kind: string, parse: (name: string, words: string[]) => T): Promise<T[]> {
    const folder = path.join(this.#directory, kind);
    const names = (await readdir(folder).catch(() => [])).filter(
      (name) => podAddress.safeParse(name).success,
    );
    const texts = await Promise.all(
      // One that goes away meanwhile is one that is not there.
      names.map((name) => readFile(path.join(folder, name), 'utf8').catch(() => undefined)),
    );
    return names.flatMap((name, index) => {
      const text = texts[index];
      return text === undefined ? [] : [parse(name, text.trim().split(' '))];
    });
  }

  async #write(kind: string, name: string, text: string): Promise<void> {
    const folder = path.join(this.#directory, kind);
    await mkdir(folder, { recursive: true, mode: 0o755 });
    const file = path.join(folder, name);
    const fresh = await open(`${file}.new`, 'w', 0o644);
    try {
      await fresh.writeFile(`${text}\n`);
      await fresh.sync();
    } finally {
      await fresh.close();
    }
    await rename(`${file}.new`, file);
  }
}
