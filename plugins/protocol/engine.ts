import { connectivityState, credentials } from '@grpc/grpc-js';
import engineRpc from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import engineProto from '@pulumi/pulumi/proto/engine_pb.js';
import type { Severity } from './provider.ts';

const severities = {
  debug: engineProto.LogSeverity.DEBUG,
  info: engineProto.LogSeverity.INFO,
  warning: engineProto.LogSeverity.WARNING,
  error: engineProto.LogSeverity.ERROR,
} as const;

/** Progress lines waiting to be shown; beyond this the oldest are dropped, because they are only progress. */
const statusBacklog = 200;
/** How long one message may take before it is given up (ms). */
const logTimeout = 5_000;
/** How long a lost engine may take to answer again before it counts as gone (ms). */
const reconnectTimeout = 10_000;

interface Entry {
  readonly severity: Severity;
  readonly message: string;
  readonly urn: string;
  readonly status: boolean;
}

/** The engine's side of the conversation: takes log messages, in order, and can be watched for its end. */
export class Engine {
  private readonly client: InstanceType<typeof engineRpc.EngineClient>;
  private readonly queue: Entry[] = [];
  private sending: Promise<void> | undefined;
  private closed = false;

  /** @param address host:port of the engine's `pulumirpc.Engine` service. */
  constructor(address: string) {
    this.client = new engineRpc.EngineClient(address, credentials.createInsecure());
  }

  /** Queues a message. A message the engine does not take is lost: there is nobody else to tell. */
  log(entry: Entry): void {
    if (this.closed) return;
    if (entry.status && this.queue.length >= statusBacklog) {
      const oldest = this.queue.findIndex((queued) => queued.status);
      if (oldest >= 0) this.queue.splice(oldest, 1);
    }
    this.queue.push(entry);
    this.sending ??= this.drain();
  }

  /** Waits until everything queued so far has been handed over. */
  async flush(): Promise<void> {
    await this.sending;
  }

  /**
   * Calls `gone` once when the engine has closed its connection and does not answer again: it was killed, and nobody
   * will come to end this plugin or to read its results.
   */
  watch(gone: () => void): void {
    const channel = this.client.getChannel();
    const wait = (): void => {
      if (this.closed) return;
      const state = channel.getConnectivityState(true);
      // On the loopback interface a failed attempt means that nobody listens any more.
      if (state === connectivityState.TRANSIENT_FAILURE) {
        gone();
        return;
      }
      const steady = state === connectivityState.READY;
      const deadline = steady ? Number.POSITIVE_INFINITY : Date.now() + reconnectTimeout;
      channel.watchConnectivityState(state, deadline, (error) => {
        if (this.closed) return;
        if (error) gone();
        else wait();
      });
    };
    wait();
  }

  close(): void {
    this.closed = true;
    this.client.close();
  }

  private async drain(): Promise<void> {
    for (let entry = this.queue.shift(); entry !== undefined; entry = this.queue.shift()) {
      await this.send(entry);
    }
    this.sending = undefined;
  }

  private send(entry: Entry): Promise<void> {
    const request = new engineProto.LogRequest();
    request.setSeverity(severities[entry.severity]);
    request.setMessage(entry.message);
    request.setUrn(entry.urn);
    request.setEphemeral(entry.status);
    return new Promise((resolve) => {
      this.client.waitForReady(Date.now() + logTimeout, (error) => {
        if (error || this.closed) resolve();
        else this.client.log(request, () => resolve());
      });
    });
  }
}
