import { z } from 'zod';
import type { SmokeLab } from './lab.ts';

const identity = z.object({ nonce: z.string(), host: z.string(), pid: z.int() });
export type Identity = z.infer<typeof identity>;

const report = z.record(z.string(), z.record(z.string(), z.string()));
/** By group and property: `kept`, or what broke. */
export type Report = z.infer<typeof report>;

export const PORT = 8080;

/** A container that holds groups of properties (probe/main.py). */
export function probeContainer(image: string, groups: string[], more: object = {}): object {
  return { name: 'probe', image, imagePullPolicy: 'Never', args: groups, ...more };
}

/** Talks to the probes of a lab by way of the API server, as a client on no node. */
export class Probes {
  readonly #lab: SmokeLab;

  constructor(lab: SmokeLab) {
    this.#lab = lab;
  }

  /** Who a probe is, as soon as it holds everything. */
  async identity(pod: string, port = PORT): Promise<Identity> {
    const answer = await this.#lab.until(
      `an answer of ${pod} on port ${port}`,
      () => this.#get(pod, port, ''),
      ({ exitCode }) => exitCode === 0,
      30,
    );
    return identity.parse(JSON.parse(answer.stdout));
  }

  /** What of its properties is kept. Can be asked once. */
  async check(pod: string, port = PORT): Promise<Report> {
    const { exitCode, stdout, stderr } = await this.#get(pod, port, 'check');
    if (exitCode !== 0) throw new Error(`${pod} does not tell what it kept: ${stderr}`);
    return report.parse(JSON.parse(stdout));
  }

  /** Makes the probe's process end. */
  async exit(pod: string, code: number, port = PORT): Promise<void> {
    await this.#get(pod, port, `exit/${code}`);
  }

  #get(pod: string, port: number, path: string) {
    const { namespace } = this.#lab;
    return this.#lab.tryKubectl([
      'get',
      '--raw',
      `/api/v1/namespaces/${namespace}/pods/${pod}:${port}/proxy/${path}`,
    ]);
  }
}
