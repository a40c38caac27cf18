import { credentials, Server, ServerCredentials, type ServiceError } from '@grpc/grpc-js';
import engineRpc from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import type { LogRequest } from '@pulumi/pulumi/proto/engine_pb.js';
import providerRpc from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import providerProto, {
  type CheckResponse,
  type CreateResponse,
  type DiffResponse,
  type ReadResponse,
  type UpdateResponse,
} from '@pulumi/pulumi/proto/provider_pb.js';
import emptyProto from 'google-protobuf/google/protobuf/empty_pb.js';
import { encodeProperties } from './struct.ts';
import type { PropertyMap } from './values.ts';

type Client = InstanceType<typeof providerRpc.ResourceProviderClient>;

/** A provider's client for tests: speaks to a served provider the way the engine does. */
export class TestClient {
  readonly raw: Client;
  private readonly urn: string;

  constructor(port: number, type: string, name = 'thing') {
    this.raw = new providerRpc.ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
    this.urn = `urn:pulumi:dev::project::${type}::${name}`;
  }

  check(news: PropertyMap, olds: PropertyMap = {}): Promise<CheckResponse> {
    const request = new providerProto.CheckRequest();
    request.setUrn(this.urn);
    request.setOlds(encodeProperties(olds));
    request.setNews(encodeProperties(news));
    return promised((done) => this.raw.check(request, done));
  }

  diff(oldInputs: PropertyMap, news: PropertyMap): Promise<DiffResponse> {
    const request = new providerProto.DiffRequest();
    request.setUrn(this.urn);
    request.setId('id');
    request.setOlds(encodeProperties(oldInputs));
    request.setOldInputs(encodeProperties(oldInputs));
    request.setNews(encodeProperties(news));
    return promised((done) => this.raw.diff(request, done));
  }

  create(
    inputs: PropertyMap,
    options: { preview?: boolean; timeout?: number } = {},
  ): Promise<CreateResponse> {
    const request = new providerProto.CreateRequest();
    request.setUrn(this.urn);
    request.setProperties(encodeProperties(inputs));
    request.setPreview(options.preview ?? false);
    request.setTimeout(options.timeout ?? 0);
    return promised((done) => this.raw.create(request, done));
  }

  read(id: string, properties: PropertyMap): Promise<ReadResponse> {
    const request = new providerProto.ReadRequest();
    request.setUrn(this.urn);
    request.setId(id);
    request.setProperties(encodeProperties(properties));
    request.setInputs(encodeProperties(properties));
    return promised((done) => this.raw.read(request, done));
  }

  update(
    olds: PropertyMap,
    oldInputs: PropertyMap,
    news: PropertyMap,
    preview = false,
  ): Promise<UpdateResponse> {
    const request = new providerProto.UpdateRequest();
    request.setUrn(this.urn);
    request.setId('id');
    request.setOlds(encodeProperties(olds));
    request.setOldInputs(encodeProperties(oldInputs));
    request.setNews(encodeProperties(news));
    request.setPreview(preview);
    return promised((done) => this.raw.update(request, done));
  }

  async delete(properties: PropertyMap): Promise<void> {
    const request = new providerProto.DeleteRequest();
    request.setUrn(this.urn);
    request.setId('id');
    request.setProperties(encodeProperties(properties));
    await promised((done) => this.raw.delete(request, done));
  }

  async cancel(): Promise<void> {
    await promised((done) => this.raw.cancel(new emptyProto.Empty(), done));
  }

  close(): void {
    this.raw.close();
  }
}

/** An engine for tests that keeps the messages it is sent. */
export interface TestEngine {
  readonly address: string;
  readonly messages: LogRequest.AsObject[];
  kill(): void;
}

export async function startTestEngine(): Promise<TestEngine> {
  const messages: LogRequest.AsObject[] = [];
  const server = new Server();
  server.addService(engineRpc.EngineService, {
    log: (call: { request: LogRequest }, callback: (error: null, response: unknown) => void) => {
      messages.push(call.request.toObject());
      callback(null, new emptyProto.Empty());
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  return { address: `127.0.0.1:${port}`, messages, kill: () => server.forceShutdown() };
}

/** A callback-style call as a promise. */
export function promised<T>(
  call: (done: (error: ServiceError | null, response: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error ? reject(error) : resolve(response)));
  });
}
