import type { handleUnaryCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import pluginProto, { type PluginAttach } from '@pulumi/pulumi/proto/plugin_pb.js';
import type * as wire from '@pulumi/pulumi/proto/provider_pb.js';
import providerProto, { type CheckResponse, type DiffResponse } from '@pulumi/pulumi/proto/provider_pb.js';
import emptyProto, { type Empty } from 'google-protobuf/google/protobuf/empty_pb.js';
import { Engine } from './engine.ts';
import { toServiceError } from './errors.ts';
import type { Operations } from './operations.ts';
import type { CheckResult, DiffKind, DiffResult, Provider, ResourceRequest } from './provider.ts';
import { decodeProperties, encodeProperties } from './struct.ts';

const { DiffChanges } = providerProto.DiffResponse;
const { Kind } = providerProto.PropertyDiff;
const diffKinds: Record<DiffKind, wire.PropertyDiff.Kind> = {
  add: Kind.ADD,
  'add-replace': Kind.ADD_REPLACE,
  delete: Kind.DELETE,
  'delete-replace': Kind.DELETE_REPLACE,
  update: Kind.UPDATE,
  'update-replace': Kind.UPDATE_REPLACE,
};

/**
 * The handlers of `pulumirpc.ResourceProvider` for one provider. Methods that are missing here (List, GetSchema, …)
 * are answered UNIMPLEMENTED by gRPC, which the engine understands.
 */
export function providerService(provider: Provider, operations: Operations): UntypedServiceImplementation {
  return {
    ...lifecycle(provider, operations),
    ...configuration(provider, operations),
    ...planning(provider, operations),
    ...changes(provider, operations),
    ...refusals(provider),
  };
}

/** Turns an async function into a gRPC handler whose rejections become errors with details. */
function handler<Request, Response>(
  handle: (request: Request) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    handle(call.request).then(
      (response) => callback(null, response),
      (error: unknown) => callback(toServiceError(error)),
    );
  };
}

/** What a program may ask for and only the official plugin does: refused with a reason that the user can act on. */
function refusals(provider: Provider): UntypedServiceImplementation {
  const refuse = (what: string): never => {
    throw new Error(
      `${what} needs the official ${provider.name} provider plugin: this stand-in serves resources only`,
    );
  };
  return {
    construct: handler(async (request: wire.ConstructRequest) =>
      refuse(`the component ${request.getType()}`),
    ),
    invoke: handler(async (request: wire.InvokeRequest) => refuse(`the function ${request.getTok()}`)),
    call: handler(async (request: wire.CallRequest) => refuse(`the method ${request.getTok()}`)),
  };
}

function lifecycle(provider: Provider, operations: Operations): UntypedServiceImplementation {
  return {
    handshake: handler(async (_: wire.ProviderHandshakeRequest) => {
      const response = new providerProto.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      response.setAcceptResources(true);
      return response;
    }),
    getPluginInfo: handler(async (_: Empty) => {
      const response = new pluginProto.PluginInfo();
      response.setVersion(provider.version);
      return response;
    }),
    attach: handler(async (request: PluginAttach) => {
      operations.attach(new Engine(request.getAddress()));
      return new emptyProto.Empty();
    }),
    cancel: handler(async (_: Empty) => {
      operations.cancel('cancelled by the user');
      return new emptyProto.Empty();
    }),
  };
}

function configuration(provider: Provider, operations: Operations): UntypedServiceImplementation {
  return {
    checkConfig: handler((request: wire.CheckRequest) =>
      operations.run(request.getUrn(), 0, async (context) => {
        const olds = decodeProperties(request.getOlds());
        const news = decodeProperties(request.getNews());
        if (provider.checkConfig === undefined) return checkResponse({ inputs: news });
        return checkResponse(await provider.checkConfig({ urn: request.getUrn(), olds, news }, context));
      }),
    ),
    diffConfig: handler((request: wire.DiffRequest) =>
      operations.run(request.getUrn(), 0, async (context) => {
        if (provider.diffConfig === undefined) return new providerProto.DiffResponse();
        const result = await provider.diffConfig(
          {
            urn: request.getUrn(),
            olds: decodeProperties(request.getOlds()),
            oldInputs: decodeProperties(request.getOldInputs()),
            news: decodeProperties(request.getNews()),
          },
          context,
        );
        return diffResponse(result);
      }),
    ),
    configure: handler((request: wire.ConfigureRequest) =>
      operations.run('', 0, async (context) => {
        await provider.configure?.(decodeProperties(request.getArgs()), context);
        const response = new providerProto.ConfigureResponse();
        response.setAcceptsecrets(true);
        response.setAcceptresources(true);
        response.setSupportspreview(true);
        return response;
      }),
    ),
  };
}

function planning(provider: Provider, operations: Operations): UntypedServiceImplementation {
  return {
    check: handler((request: wire.CheckRequest) =>
      operations.run(request.getUrn(), 0, async (context) =>
        checkResponse(
          await provider.check(
            {
              ...resource(request),
              olds: decodeProperties(request.getOlds()),
              news: decodeProperties(request.getNews()),
              randomSeed: request.getRandomseed_asU8(),
            },
            context,
          ),
        ),
      ),
    ),
    diff: handler((request: wire.DiffRequest) =>
      operations.run(request.getUrn(), 0, async (context) =>
        diffResponse(
          await provider.diff(
            {
              ...resource(request),
              id: request.getId(),
              olds: decodeProperties(request.getOlds()),
              oldInputs: decodeProperties(request.getOldInputs()),
              news: decodeProperties(request.getNews()),
              ignoreChanges: request.getIgnorechangesList(),
            },
            context,
          ),
        ),
      ),
    ),
    read: handler((request: wire.ReadRequest) =>
      operations.run(request.getUrn(), request.getTimeout(), async (context) => {
        const result = await provider.read(
          {
            ...resource(request),
            id: request.getId(),
            properties: decodeProperties(request.getProperties()),
            inputs: decodeProperties(request.getInputs()),
          },
          context,
        );
        const response = new providerProto.ReadResponse();
        response.setId(result.id);
        if (result.id === '') return response;
        response.setProperties(encodeProperties(result.outputs));
        response.setInputs(encodeProperties(result.inputs));
        return response;
      }),
    ),
  };
}

function changes(provider: Provider, operations: Operations): UntypedServiceImplementation {
  return {
    create: handler((request: wire.CreateRequest) =>
      operations.run(request.getUrn(), request.getTimeout(), async (context) => {
        const result = await provider.create(
          {
            ...resource(request),
            inputs: decodeProperties(request.getProperties()),
            preview: request.getPreview(),
            timeoutSeconds: request.getTimeout(),
          },
          context,
        );
        const response = new providerProto.CreateResponse();
        response.setId(result.id);
        response.setProperties(encodeProperties(result.outputs));
        return response;
      }),
    ),
    update: handler((request: wire.UpdateRequest) =>
      operations.run(request.getUrn(), request.getTimeout(), async (context) => {
        const result = await provider.update(
          {
            ...resource(request),
            id: request.getId(),
            olds: decodeProperties(request.getOlds()),
            oldInputs: decodeProperties(request.getOldInputs()),
            news: decodeProperties(request.getNews()),
            ignoreChanges: request.getIgnorechangesList(),
            preview: request.getPreview(),
            timeoutSeconds: request.getTimeout(),
          },
          context,
        );
        const response = new providerProto.UpdateResponse();
        response.setProperties(encodeProperties(result.outputs));
        return response;
      }),
    ),
    delete: handler((request: wire.DeleteRequest) =>
      operations.run(request.getUrn(), request.getTimeout(), async (context) => {
        await provider.delete(
          {
            ...resource(request),
            id: request.getId(),
            properties: decodeProperties(request.getProperties()),
            oldInputs: decodeProperties(request.getOldInputs()),
            timeoutSeconds: request.getTimeout(),
          },
          context,
        );
        return new emptyProto.Empty();
      }),
    ),
  };
}

/** Type and name of the resource; engines that do not send them apart have them in the URN. */
function resource(request: { getUrn(): string; getType(): string; getName(): string }): ResourceRequest {
  const urn = request.getUrn();
  // urn:pulumi:<stack>::<project>::<parent types$>type::<name>
  const parts = urn.split('::');
  return {
    urn,
    type: request.getType() || (parts[2]?.split('$').at(-1) ?? ''),
    name: request.getName() || parts.slice(3).join('::'),
  };
}

function checkResponse(result: CheckResult): CheckResponse {
  const response = new providerProto.CheckResponse();
  response.setInputs(encodeProperties(result.inputs));
  for (const { property, reason } of result.failures ?? []) {
    const failure = new providerProto.CheckFailure();
    failure.setProperty(property);
    failure.setReason(reason);
    response.addFailures(failure);
  }
  return response;
}

function diffResponse(result: DiffResult): DiffResponse {
  const response = new providerProto.DiffResponse();
  response.setChanges(result.changes ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE);
  response.setDeletebeforereplace(result.deleteBeforeReplace ?? false);
  response.setStablesList([...(result.stables ?? [])]);
  const replaces = new Set(result.replaces);
  const changed = new Set<string>();
  for (const [path, { kind, inputDiff }] of Object.entries(result.detailed ?? {})) {
    const entry = new providerProto.PropertyDiff();
    entry.setKind(diffKinds[kind]);
    entry.setInputdiff(inputDiff ?? false);
    response.getDetaileddiffMap().set(path, entry);
    if (kind.endsWith('-replace')) replaces.add(path);
    changed.add(topLevelKey(path));
  }
  response.setHasdetaileddiff(result.detailed !== undefined);
  response.setReplacesList([...replaces]);
  response.setDiffsList([...changed]);
  return response;
}

/** `a` of `a.b[0]`; `a.b` of `["a.b"][0]`. */
function topLevelKey(path: string): string {
  const quoted = /^\["((?:[^"\\]|\\.)*)"\]/.exec(path);
  return quoted?.[1] ?? path.split(/[.[]/, 1)[0] ?? path;
}
