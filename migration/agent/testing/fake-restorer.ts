import type { Bundle } from '../bundle.ts';
import { StepError } from '../failure.ts';
import type { PodLink } from '../network/pod-link.ts';
import type { ProcessIdentity } from '../process.ts';
import type { Gate, Restorer } from '../target/restorer.ts';

/** Remembers what was done to the containers, by name; restores end when the test says so. */
export class FakeRestorer implements Restorer {
  readonly done: string[] = [];
  /** Containers whose notes were removed. */
  readonly forgotten = new Set<string>();
  readonly #restoring = new Map<
    string,
    { resolve: (init: ProcessIdentity) => void; reject: (error: Error) => void }
  >();

  /** Of a target that takes an address over. */
  taken: PodLink | undefined;

  /** Whether the runtime that was started early has come to its CRIU. */
  isGateReached = true;

  link = async () => this.taken;
  readyToOpen = () => undefined;
  open = async ({ address }: PodLink) => void this.done.push(`open ${address}`);
  darken = async ({ address }: PodLink) => void this.done.push(`darken ${address}`);
  announce = async ({ address }: PodLink) => void this.done.push(`announce ${address}`);
  addresses = async () => ['10.0.0.7'];
  endAtOnce = async ({ container }: Bundle) => void this.done.push(`end ${container}`);
  prepare = async ({ name }: { name: string }) => {
    this.done.push(`prepare ${name}`);
    return '/log';
  };
  gate = async (): Promise<Gate> => {
    const isReached = () => this.isGateReached;
    return {
      folder: '/log/gate',
      get isReached() {
        return isReached();
      },
      open: () => void this.done.push('open gate'),
      close: async () => void this.done.push('close gate'),
      remove: async () => void this.done.push('remove gate'),
    };
  };
  untilRestored = ({ name }: { name: string }) =>
    new Promise<ProcessIdentity>((resolve, reject) => this.#restoring.set(name, { resolve, reject }));
  resume = (containers: readonly { name: string }[]) => this.#note('resume', containers);
  kill = async (containers: readonly { name: string }[]) => this.#note('kill', containers);

  forget(containers: readonly { name: string }[]): void {
    for (const { name } of containers) this.forgotten.add(name);
  }

  restored(name: string, init: ProcessIdentity): void {
    this.#restoring.get(name)?.resolve(init);
  }

  failed(name: string): void {
    this.#restoring.get(name)?.reject(new StepError('restore', 'CRIU cannot', { criuLog: ['Error'] }));
  }

  #note(what: string, containers: readonly { name: string }[]): void {
    this.done.push([what, ...containers.map(({ name }) => name)].join(' '));
  }
}
