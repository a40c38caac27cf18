import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ContainerRef } from '../../contract/agent-api.ts';
import { StepError } from '../failure.ts';
import type { CapturePlaces } from '../source/capture.ts';
import type { CgroupPath } from '../source/container.ts';
import type { Containers, FoundContainer } from '../source/containers.ts';
import { DESCRIPTORS_FILE, IMAGE_DIR, LAYER_FILE } from '../state-layout.ts';

const CGROUP: CgroupPath = { version: 1, path: '/sys/fs/cgroup/freezer/test' };

/** One container that only remembers what was done to it, and can be told to fail at a step. */
export class FakeContainers implements Containers {
  state: 'running' | 'frozen' | 'killed' = 'running';
  readonly done: string[] = [];
  failing: string | undefined;
  /** Called while the container is being dumped. */
  duringCapture: () => Promise<void> = async () => undefined;

  async prepare(ref: ContainerRef, places: CapturePlaces): Promise<FoundContainer> {
    this.#step('find');
    await mkdir(path.join(places.staging, IMAGE_DIR), { recursive: true });
    const files = { upper: '/upper', shmDir: undefined };
    const bundle = `/bundles/${ref.pod}`;
    return { id: 'c-1', bundle, initPid: 1, cgroup: CGROUP, memoryCgroup: undefined, files };
  }

  async freeze(): Promise<void> {
    this.#step('freeze');
    this.state = 'frozen';
  }

  async capture(_container: FoundContainer, places: CapturePlaces): Promise<void> {
    await this.duringCapture();
    this.#step('dump');
    await writeFile(path.join(places.staging, IMAGE_DIR, 'pages-1.img'), 'memory');
    await writeFile(path.join(places.staging, IMAGE_DIR, DESCRIPTORS_FILE), '[]');
    await writeFile(path.join(places.staging, LAYER_FILE), 'layer');
  }

  thaw(): void {
    this.done.push('thaw');
    if (this.state === 'frozen') this.state = 'running';
  }

  async kill(): Promise<void> {
    this.#step('kill');
    this.state = 'killed';
  }

  async untilNoDump(): Promise<void> {
    this.done.push('wait for the dump');
  }

  #step(name: string): void {
    this.done.push(name);
    if (this.failing === name) throw new StepError(name, `${name} failed`, { criuLog: ['Error'] });
  }
}
