import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { $ } from 'zx';
import { outsideAddress } from '../bench/node-port-service.ts';
import { type StackOutputs, stackOutputs } from '../contract/stack-outputs.ts';
import { requireNode } from '../kube/node-affinity.ts';

/** The variable that names a file with the JSON of `pulumi stack output --json --show-secrets`. */
const OUTPUTS_VARIABLE = 'PODFERRY_STACK_OUTPUTS';

/** The launcher, which knows the way to the lab's hosts. */
const PODFERRY = fileURLToPath(new URL('../../podferry', import.meta.url));

/** What a `tick` answers. */
const tickAnswer = z.object({ count: z.int(), startedAt: z.string(), node: z.string(), pod: z.string() });
export type TickAnswer = z.infer<typeof tickAnswer>;

const migrateAnswer = z.object({
  name: z.string(),
  state: z.string(),
  targetPod: z.string(),
  sourceNode: z.string(),
  targetNode: z.string(),
  freezeMs: z.number(),
  totalMs: z.number(),
});

const endpointSlices = z.object({
  items: z.array(
    z.object({
      endpoints: z
        .array(
          z.object({
            addresses: z.array(z.string()),
            conditions: z.object({ ready: z.boolean() }),
            targetRef: z.object({ name: z.string() }),
          }),
        )
        .nullish(),
    }),
  ),
});

/** A pod that a Service lists. */
export interface Endpoint {
  pod: string;
  addresses: string[];
  ready: boolean;
}

interface Finished {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** The lab that is up, as a user with kubectl and the plugins sees it. */
export class SmokeLab {
  readonly outputs: StackOutputs;
  readonly namespace: string;
  readonly #folder: string;

  private constructor(outputs: StackOutputs, folder: string) {
    this.outputs = outputs;
    this.namespace = outputs.apps.tick.namespace;
    this.#folder = folder;
  }

  /** Opens the lab that the stack outputs describe. @throws when the variable or its file is missing or malformed */
  static async open(): Promise<SmokeLab> {
    const file = process.env[OUTPUTS_VARIABLE];
    if (file === undefined)
      throw new Error(`${OUTPUTS_VARIABLE} is not set: run the smoke tests with ./podferry smoke`);
    const outputs = stackOutputs.parse(JSON.parse(readFileSync(file, 'utf8')));
    const folder = await mkdtemp(join(tmpdir(), 'podferry-smoke-'));
    await writeFile(join(folder, 'kubeconfig'), outputs.kubeconfig, { mode: 0o600 });
    return new SmokeLab(outputs, folder);
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  get workers(): string[] {
    return this.outputs.nodes.filter((node) => node.role === 'worker').map((node) => node.name);
  }

  get master(): StackOutputs['nodes'][number] {
    const master = this.outputs.nodes.find(({ role }) => role === 'master');
    if (master === undefined) throw new Error('the lab has no master');
    return master;
  }

  /** The addresses of a pod, its IPv4 one first. */
  async podIps(pod: string): Promise<string[]> {
    const text = await this.kubectl(['get', 'pod', pod, '--output', 'jsonpath={.status.podIPs[*].ip}']);
    return text.split(' ');
  }

  /** Runs a script as root on a node and returns what it printed. @throws with its complaint when it fails */
  async onNode(node: string, script: string, input: string | Readable = ''): Promise<string> {
    return (await $({ input, quiet: true, timeout: '100s' })`${PODFERRY} ssh ${node} ${script}`).stdout;
  }

  /** Whether the lab's hosts can be switched off and on: podman runs them. */
  async canSwitchOff(): Promise<boolean> {
    const [first = ''] = this.workers;
    return (await this.onNode(first, 'systemd-detect-virt --container || true')).trim() === 'podman';
  }

  /** Takes the power from a host, gives it back, and resolves when one can log in again. */
  async reboot(node: string): Promise<void> {
    for (const button of ['off', 'on']) await $({ quiet: true })`${PODFERRY} power ${node} ${button}`;
    const login = () =>
      this.onNode(node, 'true').then(
        () => true,
        () => false,
      );
    await this.until(`one can log in on ${node}`, login, (can) => can);
  }

  /** Runs a line of shell here, where kubectl reaches the lab, and returns what it printed, whatever its exit code. */
  async shell(line: string): Promise<string> {
    const env = this.#env();
    return (await $({ env, nothrow: true, quiet: true, timeout: '60s' })`sh -c ${line}`).stdout;
  }

  /** Runs kubectl in the sample apps' namespace, named after the verb as plugins want it; never throws for its exit code. */
  async tryKubectl([verb = '', ...args]: string[], input = ''): Promise<Finished> {
    const env = this.#env();
    const shell = $({ env, input, nothrow: true, quiet: true, timeout: '110s' });
    const done = await shell`kubectl ${verb} --namespace ${this.namespace} ${args}`;
    return { exitCode: done.exitCode ?? 255, stdout: done.stdout, stderr: done.stderr };
  }

  /**
   * Runs kubectl in the same way and interrupts it, as Ctrl-C does, once its standard error has the words; if it never has, kubectl is
   * let end.
   */
  async interruptKubectl([verb = '', ...args]: string[], words: string): Promise<Finished> {
    const running = spawn('kubectl', [verb, '--namespace', this.namespace, ...args], { env: this.#env() });
    const printed = { stdout: '', stderr: '' };
    running.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed.stdout += text;
    });
    running.stderr.setEncoding('utf8').on('data', (text: string) => {
      printed.stderr += text;
      if (!running.killed && printed.stderr.includes(words)) running.kill('SIGINT');
    });
    const [exitCode] = (await once(running, 'close')) as [number | null];
    return { exitCode: exitCode ?? 255, ...printed };
  }

  /** Runs kubectl and returns what it printed. @throws with its complaint when it fails */
  async kubectl(args: string[], input = ''): Promise<string> {
    const done = await this.tryKubectl(args, input);
    if (done.exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${done.stderr || done.stdout}`);
    return done.stdout;
  }

  /** `kubectl apply` of objects, all in one; returns what it printed. @throws with its complaint when it fails */
  apply(...items: object[]): Promise<string> {
    return this.kubectl(['apply', '-f', '-'], listOf(items));
  }

  /** `kubectl create` of objects, in the same way. */
  create(...items: object[]): Promise<string> {
    return this.kubectl(['create', '-f', '-'], listOf(items));
  }

  /** Starts a pod of a sample image pinned to a node, and waits until it is Ready. */
  async startPod(name: string, app: 'tick' | 'redis', node: string): Promise<void> {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { 'podferry.dev/smoke': name } },
      spec: {
        terminationGracePeriodSeconds: 1,
        affinity: requireNode(node),
        containers: [
          {
            name: app,
            image: this.outputs.apps.image[app],
            imagePullPolicy: 'Never',
            env: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
            // Without a probe Ready only means started, and nobody may be listening yet.
            startupProbe: { tcpSocket: { port: this.outputs.apps[app].port }, periodSeconds: 1 },
          },
        ],
      },
    };
    await this.apply(pod);
    await this.kubectl(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s']);
  }

  /** Removes everything that grew out of a smoke pod: the pod, where it was moved to, its restored copies. */
  async removePods(name: string): Promise<void> {
    await this.kubectl([
      'delete',
      'pod',
      '-l',
      `podferry.dev/smoke=${name}`,
      '--wait=true',
      '--grace-period=1',
      '--timeout=60s',
    ]);
  }

  /** Asks a tick pod, by way of the API server. */
  async tick(pod: string): Promise<TickAnswer> {
    const path = `/api/v1/namespaces/${this.namespace}/pods/${pod}:8080/proxy/`;
    return tickAnswer.parse(JSON.parse(await this.kubectl(['get', '--raw', path])));
  }

  /** One redis command inside a redis pod. */
  async redis(pod: string, ...command: string[]): Promise<string> {
    return (await this.kubectl(['exec', pod, '--', 'redis-cli', ...command])).trim();
  }

  /** `kubectl migrate`, which must succeed. */
  async migrate(pod: string, node: string): Promise<z.infer<typeof migrateAnswer>> {
    return migrateAnswer.parse(JSON.parse(await this.kubectl(['migrate', pod, node, '-o', 'json'])));
  }

  /** The pods that a Service lists, ready or not, in the order of their names. */
  async endpoints(service: string): Promise<Endpoint[]> {
    const ofService = ['-l', `kubernetes.io/service-name=${service}`];
    const raw = await this.kubectl(['get', 'endpointslices', ...ofService, '-o', 'json']);
    return endpointSlices
      .parse(JSON.parse(raw))
      .items.flatMap(({ endpoints }) => endpoints ?? [])
      .map(({ targetRef, addresses, conditions }) => ({
        pod: targetRef.name,
        addresses,
        ready: conditions.ready,
      }))
      .toSorted((a, b) => a.pod.localeCompare(b.pod));
  }

  /** Host and port by which clients outside reach a Service of type NodePort. */
  outsideAddress(service: string): Promise<string> {
    return outsideAddress(service, this.outputs, (args) => this.kubectl(args));
  }

  /** The node a pod runs on. */
  async nodeOf(pod: string): Promise<string> {
    return this.kubectl(['get', 'pod', pod, '-o', 'jsonpath={.spec.nodeName}']);
  }

  /** Asks again until the answer satisfies; says what it waited for when the time is up. */
  async until<T>(
    what: string,
    ask: () => Promise<T>,
    good: (answer: T) => boolean,
    seconds = 60,
  ): Promise<T> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const answer = await ask();
      if (good(answer)) return answer;
      if (Date.now() > end)
        throw new Error(`not within ${seconds} s: ${what}; last seen: ${JSON.stringify(answer)}`);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }

  #env(): NodeJS.ProcessEnv {
    return { ...process.env, KUBECONFIG: join(this.#folder, 'kubeconfig') };
  }
}

const listOf = (items: object[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
