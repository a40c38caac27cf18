import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { isApiError, type KubeClient } from '../kube/client.ts';
import { leasesPath } from '../kube/paths.ts';

/**
 * Leadership by a Lease (https://kubernetes.io/docs/concepts/architecture/leases/). Who holds it is judged by one's own clock
 * since the record was last seen to change, never by comparing clocks. A stale leader does no harm anyway: every write
 * to a Podmigration is refused when the object is newer than the one it read.
 */

const lease = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string() }),
  spec: z
    .looseObject({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      renewTime: z.string().nullish(),
      acquireTime: z.string().nullish(),
      leaseTransitions: z.number().nullish(),
    })
    .default({}),
});
type Lease = z.infer<typeof lease>;

export interface LeaseOptions {
  client: KubeClient;
  namespace: string;
  name: string;
  identity: string;
  onError: (error: unknown) => void;
  /** Others take over this long after the last renewal they saw. */
  durationMs?: number;
  /** The leader steps down when it could not renew for this long; less than durationMs. */
  renewDeadlineMs?: number;
  retryMs?: number;
}

/** Runs `lead` whenever this process holds the lease, until `signal` fires. `lead`'s signal fires when it is lost. */
export async function runAsLeader(
  options: LeaseOptions,
  signal: AbortSignal,
  lead: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const holder = new LeaseHolder(options);
  while (!signal.aborted) {
    if (!(await holder.tryHold(signal))) {
      await pause(holder.retryMs, signal);
      continue;
    }
    const lost = new AbortController();
    const both = AbortSignal.any([signal, lost.signal]);
    const renewing = holder.keep(both).then(() => lost.abort());
    await lead(both);
    lost.abort();
    await renewing;
    await holder.letGo();
  }
}

class LeaseHolder {
  readonly retryMs: number;
  readonly #options: LeaseOptions;
  readonly #durationMs: number;
  readonly #renewDeadlineMs: number;
  #seen: { version: string; at: number } | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#durationMs = options.durationMs ?? 8_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 5_000;
    this.retryMs = options.retryMs ?? 1_000;
  }

  /** Takes or renews the lease; false when somebody else has it or the API server did not agree. */
  async tryHold(signal: AbortSignal): Promise<boolean> {
    try {
      const current = await this.#read(signal);
      if (current && !this.#isFree(current)) return false;
      await this.#write(current, this.#options.identity, signal);
      return true;
    } catch (error) {
      if (!signal.aborted && !isApiError(error, 409)) this.#options.onError(error);
      return false;
    }
  }

  /** Renews until `signal` fires or no renewal has worked for too long. */
  async keep(signal: AbortSignal): Promise<void> {
    let renewed = performance.now();
    while (!signal.aborted && performance.now() - renewed < this.#renewDeadlineMs) {
      await pause(this.retryMs, signal);
      if (signal.aborted) return;
      const began = performance.now();
      const left = AbortSignal.timeout(Math.max(1, Math.round(this.#renewDeadlineMs - (began - renewed))));
      if (await this.tryHold(AbortSignal.any([signal, left]))) renewed = began;
    }
  }

  /** Gives the lease up so that another process need not wait; best effort. */
  async letGo(): Promise<void> {
    const signal = AbortSignal.timeout(2_000);
    try {
      const current = await this.#read(signal);
      if (current?.spec.holderIdentity === this.#options.identity) await this.#write(current, '', signal);
    } catch (error) {
      this.#options.onError(error);
    }
  }

  #isFree(current: Lease): boolean {
    const { holderIdentity, leaseDurationSeconds } = current.spec;
    if (!holderIdentity || holderIdentity === this.#options.identity) return true;
    const now = performance.now();
    if (this.#seen?.version !== current.metadata.resourceVersion) {
      this.#seen = { version: current.metadata.resourceVersion, at: now };
    }
    return now - this.#seen.at > (leaseDurationSeconds ?? 0) * 1000;
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    const path = `${leasesPath(this.#options.namespace)}/${this.#options.name}`;
    try {
      return lease.parse(await this.#options.client.request('GET', path, { signal }));
    } catch (error) {
      if (isApiError(error, 404)) return undefined;
      throw error;
    }
  }

  async #write(current: Lease | undefined, holder: string, signal: AbortSignal): Promise<void> {
    const { client, namespace, name } = this.#options;
    const now = new Date().toISOString().replace('Z', '000Z');
    const changes = current?.spec.holderIdentity !== holder;
    const spec = {
      ...current?.spec,
      holderIdentity: holder,
      leaseDurationSeconds: this.#durationMs / 1000,
      renewTime: now,
      acquireTime: changes ? now : current?.spec.acquireTime,
      leaseTransitions: (current?.spec.leaseTransitions ?? 0) + (changes && holder !== '' ? 1 : 0),
    };
    const path = leasesPath(namespace);
    if (current) {
      await client.request('PUT', `${path}/${name}`, { body: { ...current, spec }, signal });
    } else {
      const body = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace },
        spec,
      };
      await client.request('POST', path, { body, signal });
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
