import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node';
import { pino } from 'pino';
import { kubeClient } from '../../kube/client.ts';
import { runController } from '../../operator/controller.ts';
import { httpAgents } from '../../operator/http-agents.ts';
import { runAsLeader } from '../../operator/lease.ts';
import { type LookOutcome, OperatorMetrics, type QueueSizes } from '../../operator/metrics.ts';
import { observedClient } from '../../operator/observed-client.ts';
import { type FromOperator, toOperator, type Usage } from './messages.ts';
import { plainWire } from './plain-wire.ts';

/** The operator as it is, but for the agents' TLS and for its caps, in a process of its own that can be measured. */

const IDENTITY = 'podferry-operator-0';
const NO_CAPS = { perNode: 1000, perCluster: 100_000 };
const LOOP_RESOLUTION_MS = 5;
/** For the looks under way to be over once nothing is left to do, in ms. */
const IDLE_DEADLINE_MS = 30_000;
/** Long enough for a machine that is busy with the cluster: what is measured is no fight for the lease. */
const LEASE = { durationMs: 120_000, renewDeadlineMs: 100_000 };

/** Keeps every sample, where Prometheus only needs buckets, and tells when the operator has nothing to do. */
class SampledMetrics extends OperatorMetrics {
  readonly looksMs: number[] = [];
  #looks: () => QueueSizes = () => ({ running: 0, waiting: 0 });

  override leads(queue: () => QueueSizes): void {
    super.leads(queue);
    this.#looks = queue;
  }

  /** Waits for the looks under way. @throws when there are any for longer than the deadline */
  async idle(): Promise<void> {
    const end = performance.now() + IDLE_DEADLINE_MS;
    while (this.#looks().running > 0) {
      if (performance.now() > end)
        throw new Error(`looks are still under way after ${IDLE_DEADLINE_MS} ms without work`);
      await sleep(10);
    }
  }

  override looked(ms: number, outcome: LookOutcome): void {
    super.looked(ms, outcome);
    this.looksMs.push(ms);
  }
}

async function main(apiUrl: string, agentsUrl: string): Promise<void> {
  const metrics = new SampledMetrics();
  const delays = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'bench', server: apiUrl, skipTLSVerify: true }, { name: 'bench' });
  const client = observedClient(kubeClient(config), metrics);
  const log = pino({ level: 'error' }, pino.destination(2));
  const onError = (error: unknown) => log.warn({ err: error }, 'lease not renewed');
  const onReady = (): void => {
    tell({ kind: 'ready', usage: usageNow() });
    delays.enable();
  };
  process.on('message', async (message) => {
    toOperator.parse(message);
    const usage = usageNow();
    // What a status says is counted after it is written, by the look that writes it.
    await metrics.idle();
    tell({
      kind: 'report',
      usage,
      looksMs: metrics.looksMs,
      loopDelayMs: loopDelays(delays),
      metrics: await metrics.registry.metrics(),
    });
  });
  const lease = {
    ...LEASE,
    client,
    namespace: 'podferry-system',
    name: 'podferry-operator',
    identity: IDENTITY,
    onError,
  };
  const agents = httpAgents(plainWire(agentsUrl));
  await runAsLeader(lease, new AbortController().signal, (leading) =>
    runController(
      { client, agents, identity: IDENTITY, log, metrics, limits: NO_CAPS, address: 'new', onReady },
      leading,
    ),
  );
}

function usageNow(): Usage {
  const { user, system } = process.cpuUsage();
  const residentBytes = process.memoryUsage.rss();
  globalThis.gc?.();
  return {
    seconds: process.uptime(),
    cpuSeconds: (user + system) / 1e6,
    residentBytes,
    peakResidentBytes: process.resourceUsage().maxRSS * 1024,
    heapBytes: process.memoryUsage().heapUsed,
  };
}

/** A timer is late by what it fires after its time. */
function loopDelays(delays: ReturnType<typeof monitorEventLoopDelay>) {
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - LOOP_RESOLUTION_MS);
  return { p50: late(delays.percentile(50)), p99: late(delays.percentile(99)), max: late(delays.max) };
}

function tell(message: FromOperator): void {
  process.send?.(message);
}

const [apiUrl, agentsUrl] = process.argv.slice(2);
if (apiUrl === undefined || agentsUrl === undefined)
  throw new Error('usage: operator-main API-URL AGENTS-URL');
// Whoever started this has ended: nobody is left to measure for.
process.once('disconnect', () => process.exit(0));
await main(apiUrl, agentsUrl);
