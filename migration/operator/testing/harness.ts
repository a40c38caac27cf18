import { pino } from 'pino';
import type { AddressChoice } from '../../contract/agent-api.ts';
import type { MigrationState, Podmigration } from '../../contract/podmigration.ts';
import { exclusively } from '../exclusive.ts';
import { reconcile } from '../reconcile.ts';
import type { World } from '../run.ts';
import type { Limits } from '../slots.ts';
import { FakeAgents, SplitBrain } from './fake-agents.ts';
import { FakeCluster, type Interference } from './fake-cluster.ts';

/** Three nodes and the operator's logic, with a clock that only moves when the operator waits. */
export class Harness {
  readonly cluster: FakeCluster;
  readonly agents: FakeAgents;
  limits: Limits = { perNode: 2, perCluster: 10 };
  address: AddressChoice = 'new';
  readonly states: (MigrationState | undefined)[] = [];
  #now = Date.parse('2026-01-01T00:00:00Z');
  readonly #stop = new AbortController();
  readonly #log = pino({ level: 'silent' });

  constructor(interfere: Interference = () => undefined) {
    this.cluster = new FakeCluster(interfere);
    this.agents = new FakeAgents(this.cluster, interfere);
    this.cluster.addNode('master', {
      labels: { 'node-role.kubernetes.io/control-plane': '' },
      spec: { taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] },
    });
    this.cluster.addNode('worker1');
    this.cluster.addNode('worker2');
  }

  /** A fresh operator: nothing in memory from before. */
  world(): World {
    const now = () => new Date(this.#now);
    const metrics = { stateChanged: () => undefined };
    return {
      cluster: this.cluster,
      agents: this.agents,
      metrics,
      limits: this.limits,
      address: this.address,
      now,
      exclusively: exclusively(),
    };
  }

  pass(ms: number): void {
    this.#now += ms;
  }

  /** One reconcile by a fresh operator, as the queue would do it; gives the delay it asks for. */
  async once(name: string): Promise<number | undefined> {
    return reconcile(this.world(), { namespace: 'default', name }, this.#stop.signal, this.#log);
  }

  /**
   * Reconciles again and again, each time with a fresh operator, until nothing is left to do. A throw is a crash or
   * a refusal: another operator goes on from what the world holds.
   */
  async settle(name: string, mostRuns = 300): Promise<Podmigration | undefined> {
    for (let run = 0; run < mostRuns; run += 1) {
      try {
        const delay = await this.once(name);
        if (delay === undefined)
          return this.cluster.hasMigration(name) ? this.cluster.migration(name) : undefined;
        this.pass(Math.max(delay, 1));
      } catch (error) {
        if (error instanceof SplitBrain) throw error;
        this.pass(250);
      }
    }
    throw new Error(`podmigration ${name} is not settled after ${mostRuns} runs`);
  }

  /** The same for several at once, each in its turn; the clock goes by the one that has to be looked at soonest. */
  async settleAll(names: readonly string[], mostRounds = 300): Promise<void> {
    const open = new Set(names);
    for (let round = 0; open.size > 0; round += 1) {
      if (round === mostRounds) throw new Error(`not settled after ${mostRounds} rounds: ${[...open]}`);
      const delays = [250];
      for (const name of [...open]) {
        try {
          const delay = await this.once(name);
          if (delay === undefined) open.delete(name);
          else delays.push(Math.max(delay, 1));
        } catch (error) {
          if (error instanceof SplitBrain) throw error;
        }
      }
      this.pass(Math.min(...delays));
    }
  }
}
