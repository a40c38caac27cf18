import type { SmokeLab } from './lab.ts';
import { PodSet } from './pod-set.ts';
import { probeContainer } from './probe.ts';

/** Of probe/serves.py: what comes in goes back, line by line. */
const ECHO = 7101;
/** Longer than a host is away, and than a sender then waits until it tries again. */
const PATIENCE_SECONDS = 180;

/** Asks one question after the other over one connection, says how many were answered, and ends when it breaks. */
const client = `
import socket, sys, time
server = socket.create_connection((sys.argv[1], ${ECHO}), 30)
server.settimeout(${PATIENCE_SECONDS})
lines, number = server.makefile("rb"), 0
while True:
    question = b"%d\\n" % number
    server.sendall(question)
    if lines.readline() != question:
        sys.exit("ended")
    number += 1
    print(number, flush=True)
    time.sleep(0.1)
`;

/** A pod that went from its home, the first worker, to the second one with its address, and a client on the master. */
export class Guest {
  readonly #lab: SmokeLab;
  readonly #image: string;
  readonly #name: string;
  readonly #set: PodSet;
  address = '';

  constructor(lab: SmokeLab, image: string, name: string) {
    this.#lab = lab;
    this.#image = image;
    this.#name = name;
    this.#set = new PodSet(lab, name);
  }

  get pod(): string {
    return this.#set.pod('guest');
  }

  /** Resolves when the pod is away from home and answers its client, whose connection is older than the move. */
  async start(): Promise<void> {
    await this.#set.start({ guest: { containers: [probeContainer(this.#image, ['serves'])] } });
    this.address = await this.field('{.status.podIP}');
    await this.#lab.kubectl(['apply', '-f', '-'], JSON.stringify(this.#client()));
    await this.goesOn();
    const { guest } = await this.#set.move(['guest'], { address: 'keep' });
    if (guest?.why !== '') throw new Error(`the guest did not leave home: ${guest?.why}`);
  }

  /** What Kubernetes says of the pod, as a JSONPath. */
  field(path: string): Promise<string> {
    return this.#lab.kubectl(['get', 'pod', this.pod, '-o', `jsonpath=${path}`]);
  }

  /** Resolves when the client is answered over the connection that it has had from the beginning. @throws when it has ended */
  async goesOn(): Promise<void> {
    const before = Number(await this.lastWord()) || 0;
    const answered = (word: string) => Number(word) > before + 20;
    const ended = (word: string) => word !== '' && Number.isNaN(Number(word));
    const word = await this.#lab.until(
      'the client is answered',
      () => this.lastWord(),
      (last) => answered(last) || ended(last),
      PATIENCE_SECONDS,
    );
    if (!answered(word)) throw new Error(`the client's connection has ended: ${word}`);
  }

  /** The last line that the client printed: how many answers it has had, or how its connection ended. */
  async lastWord(): Promise<string> {
    return (await this.#lab.tryKubectl(['logs', `${this.#name}-client`, '--tail=1'])).stdout.trim();
  }

  /** What nodes get to hear over a new connection to the pod, each: `hello`, as they said, where all is well. */
  async echoes(nodes: readonly string[]): Promise<string[]> {
    const talk = `exec 3<>/dev/tcp/${this.address}/${ECHO} && echo hello >&3 && head -n 1 <&3`;
    const script = `timeout 10 bash -c '${talk}' 2>&1 || true`;
    const heard = await Promise.all(nodes.map((node) => this.#lab.onNode(node, script)));
    return heard.map((text) => text.trim());
  }

  async remove(): Promise<void> {
    await this.#set.remove();
  }

  #client(): object {
    const command = ['/usr/bin/python3', '-u', '-c', client, this.address];
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `${this.#name}-client`, labels: { 'podferry.dev/smoke': this.#name } },
      spec: {
        nodeName: this.#lab.master.name,
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 1,
        tolerations: [{ operator: 'Exists' }],
        containers: [probeContainer(this.#image, [], { command })],
      },
    };
  }
}
