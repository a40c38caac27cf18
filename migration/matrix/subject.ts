import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { nodePortService, outsideAddress } from '../bench/node-port-service.ts';
import type { MatrixLab } from './matrix-lab.ts';
import { ON_NODE_SECONDS } from './matrix-lab.ts';

const LABEL = 'podferry.dev/matrix';
const READY_SECONDS = 180;

const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), deletionTimestamp: z.string().optional() }),
      spec: z.object({ nodeName: z.string().optional() }),
      status: z.object({
        phase: z.string().optional(),
        podIP: z.string().default(''),
        conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
      }),
    }),
  ),
});

/** A pod of the line, as far as the matrix looks at it. */
export interface SubjectPod {
  name: string;
  node: string;
  address: string;
  ready: boolean;
}

/** A redis that is moved through all of the matrix, and a Service that clients outside reach it by. */
export class Subject {
  readonly name = `matrix-${randomBytes(3).toString('hex')}`;
  readonly namespace: string;
  readonly #lab: MatrixLab;

  constructor(lab: MatrixLab) {
    this.#lab = lab;
    this.namespace = lab.outputs.apps.redis.namespace;
  }

  /** Makes Service and pod; resolves when the pod is Ready. @returns host and port of the Service */
  async start(node: string): Promise<string> {
    const { name } = this;
    const service = nodePortService({ name, label: LABEL, port: 6379 });
    await this.kubectl(
      ['apply', '-f', '-'],
      30,
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [service, this.#pod(node)] }),
    );
    await this.kubectl(
      ['wait', '--for=condition=Ready', `pod/${this.name}`, `--timeout=${READY_SECONDS}s`],
      READY_SECONDS + 10,
    );
    return outsideAddress(name, this.#lab.outputs, (args) => this.kubectl(args, 30));
  }

  /** The pods of the line that are not being deleted. */
  async pods(): Promise<SubjectPod[]> {
    const list = await this.kubectl(['get', 'pods', '-l', `${LABEL}=${this.name}`, '-o', 'json'], 30);
    return podList
      .parse(JSON.parse(list))
      .items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata, spec, status }) => ({
        name: metadata.name,
        node: spec.nodeName ?? '',
        address: status.podIP,
        ready:
          status.phase === 'Running' &&
          status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      }));
  }

  remove(): Promise<void> {
    return this.#remove(`${LABEL}=${this.name}`);
  }

  /** Removes what any run has left: one that was killed, or could not, because a host was off. */
  removeAll(): Promise<void> {
    return this.#remove(LABEL);
  }

  async #remove(selector: string): Promise<void> {
    const mine = ['-l', selector];
    await this.kubectl(['delete', 'podmigrations', ...mine, '--ignore-not-found', '--timeout=120s'], 130);
    await this.kubectl(
      ['delete', 'pods,services', ...mine, '--ignore-not-found', '--grace-period=1', '--timeout=60s'],
      70,
    );
  }

  /** A Podmigration of the line. @returns its name */
  async migrate(spec: Record<string, unknown>): Promise<string> {
    const name = `${this.name}-${randomBytes(3).toString('hex')}`;
    const migration = {
      apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
      kind: 'Podmigration',
      metadata: { name, labels: { [LABEL]: this.name } },
      spec: { action: 'live-migration', address: 'new', ...spec },
    };
    await this.kubectl(['create', '-f', '-'], 30, JSON.stringify(migration));
    return name;
  }

  kubectl([verb = '', ...args]: string[], timeoutSeconds = ON_NODE_SECONDS, input?: string): Promise<string> {
    return this.#lab.kubectl([verb, '--namespace', this.namespace, ...args], timeoutSeconds, input);
  }

  #pod(node: string) {
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: this.name, labels: { [LABEL]: this.name } },
      spec: {
        terminationGracePeriodSeconds: 1,
        nodeSelector: { 'kubernetes.io/hostname': node },
        containers: [{ name: 'redis', image: this.#lab.outputs.apps.image.redis, imagePullPolicy: 'Never' }],
      },
    };
  }
}
