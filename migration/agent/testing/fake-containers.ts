import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { PodRef } from '../../contract/agent-api.ts';
import { StepError } from '../failure.ts';
import { type CapturePlaces, imageDirectory, prepareStaging } from '../source/capture.ts';
import type { CgroupPath } from '../source/container.ts';
import type { Containers } from '../source/containers.ts';
import type { FoundPod } from '../source/pod.ts';
import type { StateOutput } from '../source/state-output.ts';
import { DESCRIPTORS_FILE, statePath } from '../state-layout.ts';

/** A pod's containers that only remember what was done to them, and can be told to fail at a step. */
export class FakeContainers implements Containers {
  state: 'running' | 'frozen' | 'killed' | 'gone' = 'running';
  readonly done: string[] = [];
  failing: string | undefined;
  /** Called while the containers are being dumped. */
  duringCapture: () => Promise<void> = async () => undefined;

  async prepare(ref: PodRef, names: readonly string[], places: CapturePlaces): Promise<FoundPod> {
    this.#step('find');
    const containers = names.map((name) => ({
      name,
      id: `c-${name}`,
      bundle: `/bundles/${ref.pod}`,
      initPid: 1,
      cgroup: { version: 1 as const, path: `/sys/fs/cgroup/freezer/${name}` },
      memoryCgroup: undefined,
      cpusetCgroup: undefined,
      upper: '/upper',
      terminationLog: undefined,
    }));
    const pod: FoundPod = {
      containers,
      volumes: [],
      shmDir: undefined,
      memoryBytes: 0,
      connections: 'close',
      dumps: new Map(),
    };
    await prepareStaging(pod, places);
    return pod;
  }

  async warmUp(pod: FoundPod): Promise<FoundPod> {
    return pod;
  }

  async freeze(): Promise<void> {
    this.#step('freeze');
    this.state = 'frozen';
  }

  async capture(pod: FoundPod, places: CapturePlaces, output: StateOutput): Promise<void> {
    for (const { name } of pod.containers)
      await output.write(statePath({ kind: 'layer', container: name }), content(`layer of ${name}`));
    await this.duringCapture();
    this.#step('dump');
    for (const { name } of pod.containers) {
      const images = imageDirectory(places, name);
      await mkdir(images, { recursive: true });
      await writeFile(path.join(images, 'pages-1.img'), `memory of ${name}`);
      await writeFile(path.join(images, DESCRIPTORS_FILE), '[]');
    }
  }

  thaw(): void {
    this.done.push('thaw');
    if (this.state === 'frozen') this.state = 'running';
  }

  async closeConnections(): Promise<void> {
    this.#step('close connections');
  }

  async kill(): Promise<void> {
    this.#step('kill');
    this.state = 'killed';
  }

  areGone(_cgroups: readonly CgroupPath[]): boolean {
    return this.state === 'gone';
  }

  async endDumps(): Promise<void> {
    this.done.push('end dumps');
  }

  #step(name: string): void {
    this.done.push(name);
    if (this.failing === name) throw new StepError(name, `${name} failed`, { criuLog: ['Error'] });
  }
}

async function* content(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}
