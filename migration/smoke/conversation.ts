import { isIP } from 'node:net';
import { Bystanders } from './bystanders.ts';
import type { SmokeLab } from './lab.ts';
import { PodSet, type PodSpec } from './pod-set.ts';
import { Probes, probeContainer } from './probe.ts';

/** A pod of clients, and what it is called in a report. */
export interface Listener {
  pod: string;
  where: string;
}

/** Ports of probe/serves.py, and what is added to them for the ports of nodes. */
const PORTS = {
  echo: 7101,
  count: 7102,
  bulk: 7103,
  datagrams: 7104,
  http: 7105,
  websocket: 7106,
} as const;
const AT_NODES = 24_000;

/** The same as ports of a Service. */
export const SERVED_PORTS = Object.entries(PORTS).map(([name, port]) => ({
  name,
  port,
  protocol: name === 'datagrams' ? 'UDP' : 'TCP',
}));

/**
 * One pod that serves and talks itself, and pods of clients around it: on its node, on the node where it goes, on the
 * master, and on the master's own network; by the pod's address, by a Service and, from outside, by ports of nodes. All of it
 * by IPv4, or by IPv6 in a dual-stack lab.
 */
export class Conversation {
  readonly #lab: SmokeLab;
  readonly #image: string;
  readonly #family: 4 | 6;
  readonly #moved: PodSet;
  readonly #around: Bystanders;
  readonly #probes: Probes;

  /** @param family that everybody talks in; 6 in a dual-stack lab only */
  constructor(lab: SmokeLab, image: string, name: string, family: 4 | 6 = 4) {
    this.#lab = lab;
    this.#image = image;
    this.#family = family;
    this.#moved = new PodSet(lab, name);
    this.#around = new Bystanders(lab, name);
    this.#probes = new Probes(lab);
  }

  /** Resolves when everybody talks. */
  async start(): Promise<Listener[]> {
    const lab = this.#lab;
    await lab.apply(this.#service('moved'), this.#service('other'), this.#headless());
    await this.#around.start([this.#pod('other', lab.workers[1] ?? '', ['serves']), this.#outside()]);
    const [other, outside] = await Promise.all([this.#addressOf('other'), this.#addressOf('outside')]);
    const own = [
      'serves',
      `talks:${other}`,
      `talks:${await this.#around.clusterIp('other')}`,
      `talks:${outside}`,
      `talks:${this.#family === 4 ? '127.0.0.1' : '::1'}`,
    ];
    // Also to the master, which is a third node.
    const tolerations = [{ operator: 'Exists' }];
    await this.#moved.start({ moved: { tolerations, containers: [this.#container(own)] } });
    const [address, service] = [
      this.#ofFamily(await this.addresses()),
      await this.#around.clusterIp('moved'),
    ];
    const near = [`talks:${address}`, `talks:${service}`];
    const far = lab.outputs.nodes.map(
      ({ address, address6 = '' }) => `talks:${this.#ofFamily([address, address6])}+${AT_NODES}`,
    );
    const clients: [string, object][] = [
      ['source', this.#pod('source', lab.workers[0] ?? '', near)],
      ['target', this.#pod('target', lab.workers[1] ?? '', near)],
      [
        'master',
        this.#pod('master', lab.master.name, [
          ...near,
          `talks:${this.#around.named('headless')}.${lab.namespace}.svc.cluster.local`,
        ]),
      ],
      ['host', this.#pod('host', lab.master.name, [...near, ...far], { hostNetwork: true }, 8091)],
    ];
    await this.#around.start(clients.map(([, pod]) => pod));
    const listeners = clients.map(([where]) => ({ where, pod: this.#around.named(where) }));
    await Promise.all(
      [...listeners, { pod: this.#moved.pod('moved'), where: 'moved' }].map((one) =>
        this.#probes.identity(one.pod, portOf(one)),
      ),
    );
    return listeners;
  }

  /** Moves the pod, to the other worker where no node is named; why it was not moved, or nothing. */
  async move(node?: string): Promise<string> {
    const to = node === undefined ? {} : { destHost: node };
    const { moved } = await this.#moved.move(['moved'], { address: 'keep', ...to });
    return moved?.why ?? 'there was no move';
  }

  /** The pod's address, or its addresses, IPv4 first. */
  async addresses(): Promise<string[]> {
    return this.#lab.podIps(this.#moved.pod('moved'));
  }

  /** What a client noticed. */
  async report(listener: Listener): Promise<string[]> {
    return this.#noticed(listener.where, listener.pod, portOf(listener));
  }

  /** What of the moved pod's own conversations was broken. */
  ownReport(): Promise<string[]> {
    return this.#noticed('moved', this.#moved.pod('moved'), 8080);
  }

  /** Ends the moved pod. */
  async end(): Promise<void> {
    await this.#lab.kubectl(['delete', 'pod', this.#moved.pod('moved'), '--grace-period=1', '--timeout=60s']);
  }

  async remove(): Promise<void> {
    await this.#moved.remove();
  }

  async #noticed(where: string, pod: string, port: number): Promise<string[]> {
    const report = await this.#probes.check(pod, port);
    const groups = Object.entries(report);
    const told = groups.flatMap(([group, properties]) =>
      Object.entries(properties).map(([name, verdict]) => ({
        text: `${where}, ${group}, ${name}: ${verdict}`,
        verdict,
      })),
    );
    return told.filter(({ verdict }) => verdict !== 'kept').map(({ text }) => text);
  }

  #container(groups: string[], port = 8080): object {
    return probeContainer(this.#image, groups, { env: [{ name: 'PORT', value: String(port) }] });
  }

  #pod(key: string, node: string, groups: string[], more: Partial<PodSpec> = {}, port = 8080): object {
    const tolerations = [{ operator: 'Exists' }];
    return this.#around.pod(key, node, { tolerations, containers: [this.#container(groups, port)], ...more });
  }

  /** Servers on a node's own network: outside, as pods see it. */
  #outside(): object {
    return this.#pod('outside', this.#lab.master.name, ['serves'], { hostNetwork: true }, 8090);
  }

  #service(to: string): object {
    const type = to === 'moved' ? { type: 'NodePort' } : {};
    const ports = SERVED_PORTS.map((one) =>
      to === 'moved' ? { ...one, nodePort: one.port + AT_NODES } : one,
    );
    return this.#around.service(to, { ...type, ...this.#families(), ports });
  }

  #headless(): object {
    return this.#around.service(
      'moved',
      { clusterIP: 'None', ...this.#families(), ports: [{ port: PORTS.echo }] },
      'headless',
    );
  }

  /** Of a Service; without them it has what the cluster calls its first. */
  #families() {
    return this.#family === 4 ? {} : { ipFamilies: ['IPv6'] };
  }

  async #addressOf(key: string): Promise<string> {
    return this.#ofFamily(await this.#lab.podIps(this.#around.named(key)));
  }

  /** The address of this family among those of one pod or node. */
  #ofFamily(addresses: readonly string[]): string {
    return addresses.find((address) => isIP(address) === this.#family) ?? '';
  }
}

/** Where a pod of clients answers: on a node's own network there may be others. */
const portOf = ({ where }: Listener): number => (where === 'host' ? 8091 : 8080);
