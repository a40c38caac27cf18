import { samplePodSpec } from '../../apps/pod.ts';
import { postgresql } from '../../apps/postgresql/sample.ts';
import { giveImage } from '../../toolchain/give-image.ts';
import { appImageRecipes } from '../../toolchain/images.ts';
import { Bystanders } from './bystanders.ts';
import type { SmokeLab } from './lab.ts';
import { PodSet } from './pod-set.ts';

/** More than are made before the end. */
const ENDLESS = 1_000_000_000;
/** It asks as fast as it can, and is to leave the others some of the machine. */
const BENCHMARK_CPU = '200m';
/** What redis-benchmark counts in. */
const COUNTER = 'counter:__rand_int__';

/**
 * A redis and a PostgreSQL that are moved with their addresses, and a client of each that ends at its first error: redis' own benchmark,
 * and a session that stays in one transaction. The clients are on the redis' first node and come by Services.
 */
export class SteadyClients {
  readonly #lab: SmokeLab;
  readonly #probeImage: string;
  readonly #servers: PodSet;
  readonly #around: Bystanders;

  constructor(lab: SmokeLab, probeImage: string, name: string) {
    this.#lab = lab;
    this.#probeImage = probeImage;
    this.#servers = new PodSet(lab, name);
    this.#around = new Bystanders(lab, name);
  }

  /** Resolves when both clients are at work. */
  async start(): Promise<void> {
    const image = await giveImage(this.#lab, {
      archive: 'image-postgresql.tar',
      recipes: appImageRecipes('postgresql'),
      nodes: this.#lab.workers,
    });
    await this.#servers.start(
      { redis: this.#redisSpec(), postgresql: samplePodSpec(postgresql, image) },
      [
        this.#around.service('redis', { ports: [{ port: 6379 }] }),
        this.#around.service('postgresql', { ports: [{ port: postgresql.port }] }),
      ],
      postgresql.startSeconds,
    );
    const benchmark = ['redis-benchmark', '-h', await this.#around.clusterIp('redis'), '-c', '8'];
    const counting = [...benchmark, '-t', 'incr', '-n', String(ENDLESS)];
    await this.#client('benchmark', this.#probeImage, counting, { limits: { cpu: BENCHMARK_CPU } });
    const session = transaction(await this.#around.clusterIp('postgresql'));
    await this.#client('session', image, ['sh', '-c', session]);
    await this.#counted(0);
  }

  /** Moves both servers to the other worker; why one was not moved, or nothing. */
  async move(): Promise<string[]> {
    const outcomes = await this.#servers.move(undefined, { address: 'keep' });
    return Object.values(outcomes).flatMap(({ why }) => (why === '' ? [] : [why]));
  }

  /** What the benchmark did last, should an error have ended it; nothing when it goes on. */
  async benchmarkReport(): Promise<string> {
    const phase = await this.#phaseOf('benchmark');
    if (phase !== 'Running')
      return `${phase}: ${await this.#lab.kubectl(['logs', this.#around.named('benchmark'), '--tail=3'])}`;
    await this.#counted(await this.#count());
    return '';
  }

  /** Lets the session commit; what it says of the rows that it put into its one transaction: `t` when all are there. */
  async sessionReport(): Promise<string> {
    const pod = this.#around.named('session');
    await this.#lab.tryKubectl(['exec', pod, '--', 'sh', '-c', ': >/tmp/end']);
    await this.#lab.until(
      'the session ends',
      () => this.#phaseOf('session'),
      (phase) => phase !== 'Running',
    );
    return (await this.#lab.kubectl(['logs', pod])).trim();
  }

  async remove(): Promise<void> {
    await this.#servers.remove();
  }

  async #count(): Promise<number> {
    return Number(await this.#lab.redis(this.#servers.pod('redis'), 'get', COUNTER));
  }

  async #counted(least: number): Promise<void> {
    await this.#lab.until(
      `the benchmark has counted further than ${least}`,
      () => this.#count(),
      (count) => count > least,
    );
  }

  #redisSpec() {
    const startupProbe = { tcpSocket: { port: 6379 }, periodSeconds: 1 };
    const { redis: image } = this.#lab.outputs.apps.image;
    return { containers: [{ name: 'redis', image, imagePullPolicy: 'Never', startupProbe }] };
  }

  /** A pod that is not started again when it ends. */
  async #client(key: string, image: string, command: string[], resources = {}): Promise<void> {
    const containers = [{ name: key, image, imagePullPolicy: 'Never', command, resources }];
    const spec = { restartPolicy: 'Never', containers };
    await this.#around.start([this.#around.pod(key, this.#lab.workers[0] ?? '', spec)]);
  }

  #phaseOf(client: string): Promise<string> {
    return this.#lab.kubectl(['get', 'pod', this.#around.named(client), '-o', 'jsonpath={.status.phase}']);
  }
}

/** A session that adds row after row in one transaction, until /tmp/end is there, and then says whether it has all. */
function transaction(host: string): string {
  const psql = `psql --host=${host} --username=postgres --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --tuples-only --no-align`;
  return `n=0
{
  echo 'begin; create table told (n int);'
  while [ ! -e /tmp/end ]; do
    n=$((n + 1))
    echo "insert into told values ($n);"
    busybox sleep 0.05
  done
  echo "select count(*) = $n and max(n) = $n from told; commit;"
} | ${psql} 2>&1`;
}
