import type { AppImageName } from '../../apps/images.ts';
import { samplePodSpec } from '../../apps/pod.ts';
import type { Sample } from '../../apps/sample.ts';
import { giveImage } from '../../toolchain/give-image.ts';
import { appImageRecipes } from '../../toolchain/images.ts';
import type { SmokeLab } from './lab.ts';
import { type Outcome, PodSet } from './pod-set.ts';

/** One sample whose pod was to be moved. */
export interface MovedSample extends Outcome {
  /** Whether its pod runs on another worker than before. */
  elsewhere: boolean;
  /** What it lost by the move, as it says itself. */
  lost: string[];
  /** What it answers since. */
  answer: string;
}

/** Pods of samples that are started together and moved side by side. */
export class SamplePods {
  readonly #lab: SmokeLab;
  readonly #set: PodSet;
  readonly #samples: readonly Sample[];

  /** @param name what the names of its pods begin with */
  constructor(lab: SmokeLab, name: string, samples: readonly Sample[]) {
    this.#lab = lab;
    this.#set = new PodSet(lab, name);
    this.#samples = samples;
  }

  /** Gives the workers the images, starts a pod of each sample, waits until all answer and gives them something to keep. */
  async start(): Promise<void> {
    const references = await this.#giveImages();
    const spec = (sample: Sample) => ({ ...samplePodSpec(sample, references[sample.image] ?? '') });
    const longest = Math.max(...this.#samples.map(({ startSeconds }) => startSeconds));
    const pods = Object.fromEntries(this.#samples.map((sample) => [sample.name, spec(sample)]));
    await this.#set.start(pods, [], longest);
    await Promise.all(this.#samples.map((sample) => this.#prepare(sample)));
  }

  /** Asks every sample, moves all, and asks again. */
  async move(): Promise<Record<string, MovedSample>> {
    const before = await this.answers();
    const nodes = await this.#nodes();
    const outcomes = await this.#set.move();
    const after = await this.answers();
    const nodesAfter = await this.#nodes();
    const moved = this.#samples.map((sample): [string, MovedSample] => {
      const { name } = sample;
      const answer = after[name] ?? '';
      const lost = sample.lost(before[name] ?? '', answer);
      return [
        name,
        { ...(outcomes[name] as Outcome), elsewhere: nodes[name] !== nodesAfter[name], lost, answer },
      ];
    });
    return Object.fromEntries(moved);
  }

  /** What every sample answers to its question. */
  async answers(): Promise<Record<string, string>> {
    return this.#each((sample) => this.#ask(sample));
  }

  /** Ends the first process of every container; the kubelet starts another, which has none of the state. */
  async startAnew(): Promise<void> {
    const restarts = () =>
      this.#each(({ name }) =>
        this.#get(
          name,
          'jsonpath={.status.containerStatuses[0].restartCount}{.status.containerStatuses[0].ready}',
        ),
      );
    const before = await restarts();
    await this.#each(({ name }) =>
      this.#lab.tryKubectl(['exec', this.#set.pod(name), '--', 'sh', '-c', 'kill 1']),
    );
    await this.#lab.until(
      'every container runs anew',
      restarts,
      (now) => Object.entries(now).every(([name, state]) => state !== before[name] && state.endsWith('true')),
      120,
    );
  }

  async remove(): Promise<void> {
    await this.#set.remove();
  }

  async #giveImages(): Promise<Partial<Record<AppImageName, string>>> {
    const references: Partial<Record<AppImageName, string>> = {};
    for (const name of new Set(this.#samples.map(({ image }) => image)))
      references[name] = await giveImage(this.#lab, {
        archive: `image-${name}.tar`,
        recipes: appImageRecipes(name),
        nodes: this.#lab.workers,
      });
    return references;
  }

  async #prepare({ name, prepare = [] }: Sample): Promise<void> {
    for (const command of prepare) await this.#lab.kubectl(['exec', this.#set.pod(name), '--', ...command]);
  }

  async #ask({ name, question, port }: Sample): Promise<string> {
    const pod = this.#set.pod(name);
    const path = (http: string, at: number) =>
      `/api/v1/namespaces/${this.#lab.namespace}/pods/${pod}:${at}/proxy${http}`;
    const args =
      'http' in question
        ? ['get', '--raw', path(question.http, question.port ?? port)]
        : ['exec', pod, '--', ...question.command];
    const answer = await this.#lab.until(
      `an answer of ${pod}`,
      () => this.#lab.tryKubectl(args),
      ({ exitCode }) => exitCode === 0,
    );
    return answer.stdout;
  }

  #nodes(): Promise<Record<string, string>> {
    return this.#each(({ name }) => this.#get(name, 'jsonpath={.spec.nodeName}'));
  }

  #get(name: string, output: string): Promise<string> {
    return this.#lab.kubectl(['get', 'pod', this.#set.pod(name), '-o', output]);
  }

  async #each<T>(ask: (sample: Sample) => Promise<T>): Promise<Record<string, T>> {
    const answers = this.#samples.map(async (sample) => [sample.name, await ask(sample)] as const);
    return Object.fromEntries(await Promise.all(answers));
  }
}
