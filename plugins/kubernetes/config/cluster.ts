import { ApiClient } from '../api/client.ts';
import { Discovery } from '../api/discovery.ts';
import { ApiError, UnreachableError } from '../api/error.ts';
import { retrying } from '../api/retry.ts';
import { activeContext, ambientKubeconfig, parseKubeconfig } from './kubeconfig.ts';
import type { Settings } from './settings.ts';

/** A cluster that can be talked to. */
export interface Cluster {
  readonly api: ApiClient;
  readonly discovery: Discovery;
}

/** Whether the server answers: tried a few times, as it may just be starting. */
const probing = { tries: 3, firstMs: 500, mostMs: 1_000 };
/** A try that took longer than this, ms, found nobody at the address; trying again would find nobody either. */
const probeMs = 3_000;

/** The cluster that one provider resource stands for; it is contacted when the first operation needs it. */
export class ClusterLink {
  readonly settings: Settings;
  /** Namespace of objects that name none: the provider's, the context's, or `default`. */
  readonly defaultNamespace: string;
  private readonly cluster: Cluster | undefined;
  private readonly brokenReason: string;
  private probed: Promise<string | undefined> | undefined;

  constructor(settings: Settings) {
    this.settings = settings;
    let namespace: string | undefined;
    let cluster: Cluster | undefined;
    let brokenReason = '';
    try {
      const { kubeconfig, context, cluster: name } = settings;
      const config = kubeconfig === undefined ? ambientKubeconfig() : parseKubeconfig(kubeconfig);
      const active = activeContext(config, { context, cluster: name });
      namespace = active.namespace;
      const api = new ApiClient(active.credentials);
      cluster = { api, discovery: new Discovery(api) };
    } catch (error) {
      // Like the official provider: a broken kubeconfig is an unreachable cluster, so that deleteUnreachable helps.
      brokenReason = error instanceof Error ? error.message : String(error);
    }
    this.cluster = cluster;
    this.brokenReason = brokenReason;
    this.defaultNamespace = settings.namespace ?? namespace ?? 'default';
  }

  /** Why the cluster cannot be reached, or undefined when it can. Asked once, remembered for the plugin's life. */
  async unreachableReason(signal: AbortSignal): Promise<string | undefined> {
    if (this.cluster === undefined) return this.brokenReason;
    this.probed ??= this.probe(this.cluster.api, signal);
    return this.probed;
  }

  /** @throws Error when the cluster cannot be reached. */
  async reach(signal: AbortSignal): Promise<Cluster> {
    const reason = await this.unreachableReason(signal);
    if (reason !== undefined || this.cluster === undefined) {
      throw new Error(`configured Kubernetes cluster is unreachable: ${reason}`);
    }
    return this.cluster;
  }

  /** The cluster, or undefined when it cannot be reached. */
  async reachOrNot(signal: AbortSignal): Promise<Cluster | undefined> {
    return (await this.unreachableReason(signal)) === undefined ? this.cluster : undefined;
  }

  close(): void {
    this.cluster?.api.close();
  }

  private async probe(api: ApiClient, signal: AbortSignal): Promise<string | undefined> {
    const started = performance.now();
    const mayRetry = (error: unknown) =>
      error instanceof UnreachableError && performance.now() - started < probeMs;
    try {
      const ask = () => api.once({ method: 'GET', path: '/version', signal });
      await retrying(ask, (error) => (mayRetry(error) ? 0 : undefined), probing, signal);
      return undefined;
    } catch (error) {
      if (signal.aborted) {
        this.probed = undefined;
        throw error;
      }
      // Any answer, even a refusal, comes from a server that is there.
      if (error instanceof ApiError) return undefined;
      return error instanceof Error ? error.message : String(error);
    }
  }
}
