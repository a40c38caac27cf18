import { setTimeout as sleep } from 'node:timers/promises';
import type {
  MoveRequest,
  PhaseTiming,
  SourcePreflight,
  SourceRecord,
  TargetPreflight,
  TargetRecord,
} from '../../contract/agent-api.ts';

/** How long agents take over their parts, in ms; each lasts between the half and one and a half of it. */
export interface AgentDelays {
  preflight: number;
  move: number;
  release: number;
}

interface FakeMove {
  source: SourceRecord['state'];
  target: TargetRecord['state'];
  podUid: string | null;
  timings: PhaseTiming[];
  freezeMs: number | null;
  watchers: Set<() => void>;
}

const STATE_BYTES = 20 * 2 ** 20;

/** What all agents of a large cluster know of its moves. Every move turns out well. */
export class FakeMoves {
  readonly #moves = new Map<string, FakeMove>();
  readonly #delays: AgentDelays;

  constructor(delays: AgentDelays) {
    this.#delays = delays;
  }

  /** The runtime of the target waits at `create`. */
  wait(id: string, podUid: string): void {
    this.#set(id, { target: 'waiting', podUid });
  }

  /** Resolves when the target of this move runs. */
  async running(id: string): Promise<void> {
    await this.until(id, new Set(['restored']), 300_000);
  }

  /** Resolves when what is left of the source was killed. */
  async released(id: string): Promise<void> {
    while (this.#move(id).source !== 'released') await this.#change(id, 300_000);
  }

  source(id: string): SourceRecord {
    const { source, freezeMs, timings, target } = this.#move(id);
    const bytes = freezeMs === null ? null : STATE_BYTES;
    return { id, state: source, resumed: target === 'restored', freezeMs, bytes, timings, failure: null };
  }

  target(id: string): TargetRecord {
    const { target, podUid } = this.#move(id);
    const podIPs = podUid === null ? [] : ['10.244.0.1'];
    return { id, state: target, podUid, podIPs, timings: [], failure: null };
  }

  /** As GET /v1/targets/:id with `until`. */
  async until(id: string, states: ReadonlySet<string>, timeoutMs: number): Promise<TargetRecord> {
    const end = performance.now() + timeoutMs;
    while (!states.has(this.#move(id).target) && performance.now() < end)
      await this.#change(id, end - performance.now());
    return this.target(id);
  }

  async move(id: string, _request: MoveRequest): Promise<SourceRecord> {
    if (this.#move(id).source !== 'absent') return this.source(id);
    this.#set(id, { source: 'moving', target: 'fetching' });
    const startedAt = new Date().toISOString();
    const ms = await pause(this.#delays.move);
    const timings: PhaseTiming[] = [{ name: 'dump', startedAt, ms }];
    this.#set(id, { source: 'committed', target: 'restored', freezeMs: ms, timings });
    return this.source(id);
  }

  async release(id: string): Promise<SourceRecord> {
    await pause(this.#delays.release);
    this.#set(id, { source: 'released' });
    return this.source(id);
  }

  abortSource(id: string): SourceRecord {
    if (this.#move(id).source === 'absent') this.#set(id, { source: 'thawed' });
    return this.source(id);
  }

  abortTarget(id: string): TargetRecord {
    if (this.#move(id).target !== 'restored') this.#set(id, { target: 'refused' });
    return this.target(id);
  }

  async preflightSource(node: string): Promise<SourcePreflight> {
    await pause(this.#delays.preflight);
    return { facts: factsOf(node), checks: [], memoryBytes: STATE_BYTES, fileBytes: 4096 };
  }

  async preflightTarget(node: string): Promise<TargetPreflight> {
    await pause(this.#delays.preflight);
    return { facts: factsOf(node), checks: [] };
  }

  #move(id: string): FakeMove {
    const known = this.#moves.get(id);
    if (known) return known;
    const fresh: FakeMove = {
      source: 'absent',
      target: 'absent',
      podUid: null,
      timings: [],
      freezeMs: null,
      watchers: new Set(),
    };
    this.#moves.set(id, fresh);
    return fresh;
  }

  #set(id: string, part: Partial<FakeMove>): void {
    const move = Object.assign(this.#move(id), part);
    for (const watcher of move.watchers) watcher();
  }

  /** Resolves at the move's next change, or after `timeoutMs`. */
  async #change(id: string, timeoutMs: number): Promise<void> {
    const { watchers } = this.#move(id);
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        watchers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(1, timeoutMs));
      watchers.add(done);
    });
  }
}

const factsOf = (node: string) => ({
  node,
  kernel: '6.12.0',
  architecture: 'x86_64',
  criu: '4.2',
  runc: '1.3.6',
  cgroup: 2 as const,
  cpu: '',
  memoryFree: 2 ** 34,
  diskFree: 2 ** 36,
});

/** Waits between the half and one and a half of `ms`; returns how long. */
export async function pause(ms: number): Promise<number> {
  const actual = Math.round(ms * (0.5 + Math.random()));
  await sleep(actual);
  return actual;
}
