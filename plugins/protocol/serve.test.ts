import { type ServiceError, status } from '@grpc/grpc-js';
import errorsProto from '@pulumi/pulumi/proto/errors_pb.js';
import pluginProto from '@pulumi/pulumi/proto/plugin_pb.js';
import providerProto from '@pulumi/pulumi/proto/provider_pb.js';
import statusProto from '@pulumi/pulumi/proto/status_pb.js';
import emptyProto from 'google-protobuf/google/protobuf/empty_pb.js';
import { afterEach, describe, expect, it } from 'vitest';
import { InitFailedError, InvalidPropertiesError } from './errors.ts';
import type { Context, CreateRequest, Provider } from './provider.ts';
import { type Serving, serve } from './serve.ts';
import { decodeProperties, encodeProperties } from './struct.ts';
import { promised, startTestEngine, TestClient } from './test-client.ts';
import { type PropertyMap, Secret, unknown } from './values.ts';

/** A provider that answers with what it was asked; a test replaces what it is about. */
function echo(overrides: Partial<Provider> = {}): Provider {
  return {
    name: 'echo',
    version: '1.2.3',
    check: async ({ news }) => ({ inputs: news }),
    diff: async () => ({ changes: false }),
    create: async ({ inputs }) => ({ id: 'made', outputs: inputs }),
    read: async ({ id, properties, inputs }) => ({ id, outputs: properties, inputs }),
    update: async ({ news }) => ({ outputs: news }),
    delete: async () => undefined,
    ...overrides,
  };
}

const cleanups: Array<() => void | Promise<void>> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(provider: Provider, engine?: string): Promise<{ client: TestClient; serving: Serving }> {
  const serving = await serve(provider, engine);
  const client = new TestClient(serving.port, 'echo:index:Thing', 'a::b');
  cleanups.push(() => serving.stop('the test is over'));
  cleanups.push(() => client.close());
  return { client, serving };
}

/** Until the operation's signal is aborted; rejects with its reason. */
function untilAborted({ signal }: Context): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

function detailsOf(error: ServiceError): InstanceType<typeof statusProto.Status> {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  return statusProto.Status.deserializeBinary(bytes as Buffer);
}

describe('a served provider', () => {
  it('says its version and that it takes secrets, resources and previews', async () => {
    const configured: PropertyMap[] = [];
    const { client } = await start(echo({ configure: async (config) => void configured.push(config) }));
    const info = await promised<InstanceType<typeof pluginProto.PluginInfo>>((done) =>
      client.raw.getPluginInfo(new emptyProto.Empty(), done),
    );
    expect(info.getVersion()).toBe('1.2.3');
    const request = new providerProto.ConfigureRequest();
    request.setArgs(encodeProperties({ kubeconfig: new Secret('k') }));
    const answer = await promised<InstanceType<typeof providerProto.ConfigureResponse>>((done) =>
      client.raw.configure(request, done),
    );
    expect(answer.toObject()).toMatchObject({
      acceptsecrets: true,
      acceptresources: true,
      supportspreview: true,
    });
    expect(configured).toEqual([{ kubeconfig: new Secret('k') }]);
  });

  it('is told type and name of the resource from its URN', async () => {
    const seen: CreateRequest[] = [];
    const { client } = await start(
      echo({
        create: async (request) => {
          seen.push(request);
          return { id: '', outputs: { ...request.inputs, later: unknown } };
        },
      }),
    );
    const response = await client.create({ token: new Secret('s') }, { preview: true });
    expect(seen[0]).toMatchObject({ type: 'echo:index:Thing', name: 'a::b', preview: true });
    expect(decodeProperties(response.getProperties())).toEqual({ token: new Secret('s'), later: unknown });
  });

  it('shows failed checks at their properties', async () => {
    const failures = [{ property: 'a.b', reason: 'too long' }];
    const { client } = await start(echo({ check: async ({ news }) => ({ inputs: news, failures }) }));
    const response = await client.check({ a: { b: 'x' } });
    expect(response.toObject().failuresList).toEqual(failures);
  });

  it('tells the engine what differs, and what of it replaces', async () => {
    const detailed = {
      'a.b[0]': { kind: 'update', inputDiff: true },
      '["c.d"].e': { kind: 'add-replace' },
    } as const;
    const { client } = await start(
      echo({ diff: async () => ({ changes: true, detailed, replaces: ['f'] }) }),
    );
    const response = await client.diff({}, {});
    expect(response.getChanges()).toBe(providerProto.DiffResponse.DiffChanges.DIFF_SOME);
    expect(response.getReplacesList()).toEqual(['f', '["c.d"].e']);
    expect(response.getDiffsList()).toEqual(['a', 'c.d']);
    const added = response.getDetaileddiffMap().get('["c.d"].e');
    expect(added?.getKind()).toBe(providerProto.PropertyDiff.Kind.ADD_REPLACE);
  });

  it('answers a read of something that is gone with no id and no state', async () => {
    const { client } = await start(echo({ read: async () => ({ id: '', outputs: { a: 1 }, inputs: {} }) }));
    const response = await client.read('id', { a: 1 });
    expect(response.getId()).toBe('');
    expect(response.hasProperties()).toBe(false);
  });

  it('keeps the state of a create that failed half-way', async () => {
    const { client } = await start(
      echo({
        create: async () => {
          throw new InitFailedError({ id: 'half', outputs: { a: new Secret(1) } }, ['never became ready']);
        },
      }),
    );
    const error: ServiceError = await client.create({}).catch((caught) => caught);
    const [any] = detailsOf(error).getDetailsList();
    expect(any?.getTypeName()).toBe('pulumirpc.ErrorResourceInitFailed');
    const detail = providerProto.ErrorResourceInitFailed.deserializeBinary(
      any?.getValue_asU8() as Uint8Array,
    );
    expect(detail.getId()).toBe('half');
    expect(detail.getReasonsList()).toEqual(['never became ready']);
    expect(decodeProperties(detail.getProperties())).toEqual({ a: new Secret(1) });
  });

  it('shows properties found wrong late, and the causes of plain failures', async () => {
    const { client } = await start(
      echo({
        create: async () => {
          throw new InvalidPropertiesError('not accepted', [{ property: 'x', reason: 'no such thing' }]);
        },
        delete: async () => {
          throw new Error('cannot delete', { cause: new Error('connection refused') });
        },
      }),
    );
    const refused: ServiceError = await client.create({}).catch((caught) => caught);
    const [any] = detailsOf(refused).getDetailsList();
    const detail = errorsProto.InputPropertiesError.deserializeBinary(any?.getValue_asU8() as Uint8Array);
    expect(refused.code).toBe(status.INVALID_ARGUMENT);
    expect(detail.toObject().errorsList).toEqual([{ propertyPath: 'x', reason: 'no such thing' }]);
    await expect(client.delete({})).rejects.toMatchObject({ details: 'cannot delete: connection refused' });
  });

  it('says that it has no schema to give', async () => {
    const { client } = await start(echo());
    const call = promised((done) => client.raw.getSchema(new providerProto.GetSchemaRequest(), done));
    await expect(call).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
  });

  it('ends what runs when the user cancels, and begins nothing more', async () => {
    let begun: (() => void) | undefined;
    const running = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const { client } = await start(
      echo({
        create: (_, context) => {
          begun?.();
          return untilAborted(context);
        },
      }),
    );
    const create = client.create({});
    const ended = expect(create).rejects.toMatchObject({ details: 'cancelled by the user' });
    await running;
    await client.cancel();
    await ended;
    await expect(client.delete({})).rejects.toMatchObject({ details: 'cancelled by the user' });
  });

  it('ends an operation when the resource’s own timeout is over', async () => {
    const { client } = await start(echo({ create: (_, context) => untilAborted(context) }));
    await expect(client.create({}, { timeout: 0.01 })).rejects.toMatchObject({
      details: "not done within the resource's timeout of 0.01 s",
    });
  });

  it('hands messages to the engine, in order, before the operation ends', async () => {
    const engine = await startTestEngine();
    cleanups.push(engine.kill);
    const { client } = await start(
      echo({
        create: async ({ inputs }, context) => {
          context.log('info', 'one', { status: true });
          context.log('warning', 'two');
          return { id: 'made', outputs: inputs };
        },
      }),
      engine.address,
    );
    await client.create({});
    expect(engine.messages).toMatchObject([
      {
        severity: 1,
        message: 'one',
        ephemeral: true,
        urn: 'urn:pulumi:dev::project::echo:index:Thing::a::b',
      },
      { severity: 2, message: 'two', ephemeral: false },
    ]);
  });

  it('sends messages to an engine that attaches later', async () => {
    const engine = await startTestEngine();
    cleanups.push(engine.kill);
    const { client } = await start(
      echo({ delete: async (_, context) => context.log('error', 'to whom it may concern') }),
    );
    const attach = new pluginProto.PluginAttach();
    attach.setAddress(engine.address);
    await promised((done) => client.raw.attach(attach, done));
    await client.delete({});
    expect(engine.messages).toMatchObject([{ severity: 3, message: 'to whom it may concern' }]);
  });

  it('notices that the engine was killed', async () => {
    const engine = await startTestEngine();
    const { client, serving } = await start(
      echo({ delete: async (_, context) => context.log('info', 'connected') }),
      engine.address,
    );
    const gone = new Promise<void>((resolve) => serving.operations.onEngineGone(resolve));
    await client.delete({});
    engine.kill();
    await gone;
  });
});
