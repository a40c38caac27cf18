import { Server, ServerCredentials } from '@grpc/grpc-js';
import providerRpc from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import { Engine } from './engine.ts';
import { Operations } from './operations.ts';
import type { Provider } from './provider.ts';
import { providerService } from './service.ts';

/** The engine and its SDKs agree on messages of up to 400 MiB (`rpcutil.GrpcChannelOptions` in the Go SDK). */
const maxMessage = 400 * 1024 * 1024;
/** How long operations may take to stop once the plugin has to end (ms). */
const stopTimeout = 8_000;
/** How long their answers may take to reach the engine then (ms). */
const answerTimeout = 500;

export interface Serving {
  /** TCP port on 127.0.0.1. */
  readonly port: number;
  readonly operations: Operations;
  /** Ends every operation, answers what is still open, and closes the port. */
  stop(why: string): Promise<void>;
}

/**
 * Serves a provider on a free port of 127.0.0.1.
 * @param engineAddress host:port of the engine for log messages; absent when it attaches later or never.
 */
export async function serve(provider: Provider, engineAddress?: string): Promise<Serving> {
  const server = new Server({
    'grpc.max_receive_message_length': maxMessage,
    'grpc.max_send_message_length': maxMessage,
  });
  const operations = new Operations();
  if (engineAddress !== undefined) operations.attach(new Engine(engineAddress));
  server.addService(providerRpc.ResourceProviderService, providerService(provider, operations));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  const stop = async (why: string): Promise<void> => {
    operations.cancel(why);
    await Promise.race([operations.settled(), deadline(stopTimeout)]);
    // The answers of operations that have just stopped are still to be written.
    await Promise.race([new Promise((resolve) => server.tryShutdown(resolve)), deadline(answerTimeout)]);
    server.forceShutdown();
    await provider.close?.();
    operations.close();
  };
  return { port, operations, stop };
}

/**
 * The whole life of a plugin process: serves the provider, says the port on standard output as the engine expects,
 * and ends with the engine. SIGINT and SIGTERM let running operations stop in an orderly way first.
 */
export async function runPlugin(provider: Provider, args: readonly string[]): Promise<void> {
  // The engine passes its own address last; flags such as --logtostderr may stand before it.
  const engineAddress = args.find((argument) => !argument.startsWith('-'));
  const serving = await serve(provider, engineAddress);
  let ending = false;
  const end = (why: string, exitCode: number): void => {
    if (ending) return;
    ending = true;
    serving.stop(why).finally(() => process.exit(exitCode));
  };
  process.on('SIGTERM', () => end('the plugin was asked to end', 0));
  process.on('SIGINT', () => end('interrupted', 0));
  serving.operations.onEngineGone(() => end('the Pulumi engine is gone', 1));
  process.stdout.write(`${serving.port}\n`);
}

function deadline(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
