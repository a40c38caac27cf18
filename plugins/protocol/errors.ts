import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import errorsProto from '@pulumi/pulumi/proto/errors_pb.js';
import providerProto from '@pulumi/pulumi/proto/provider_pb.js';
import statusProto from '@pulumi/pulumi/proto/status_pb.js';
import anyProto from 'google-protobuf/google/protobuf/any_pb.js';
import type { CheckFailure } from './provider.ts';
import { encodeProperties } from './struct.ts';
import type { PropertyMap } from './values.ts';

/**
 * The resource exists now but did not become what it should be. The engine keeps `id` and `outputs` in its state,
 * marks the resource as failed, and calls update on it the next time.
 */
export class InitFailedError extends Error {
  override readonly name = 'InitFailedError';
  readonly id: string;
  readonly outputs: PropertyMap;
  /** Inputs that the state is to keep; absent: those of the request. */
  readonly inputs: PropertyMap | undefined;
  readonly reasons: readonly string[];

  constructor(
    state: { id: string; outputs: PropertyMap; inputs?: PropertyMap },
    reasons: readonly string[],
    options?: ErrorOptions,
  ) {
    super(reasons.join('\n'), options);
    this.id = state.id;
    this.outputs = state.outputs;
    this.inputs = state.inputs;
    this.reasons = reasons;
  }
}

/** Properties that the provider cannot accept, found only after `check`. */
export class InvalidPropertiesError extends Error {
  override readonly name = 'InvalidPropertiesError';
  readonly failures: readonly CheckFailure[];

  constructor(message: string, failures: readonly CheckFailure[], options?: ErrorOptions) {
    super(message, options);
    this.failures = failures;
  }
}

/** The user (or the loss of the engine) ended the operation. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
}

/** The resource's `customTimeouts` is over. */
export class TimedOutError extends Error {
  override readonly name = 'TimedOutError';
}

/** The error as gRPC carries it to the engine; details travel in the trailer the Go side reads them from. */
export function toServiceError(error: unknown): ServiceError {
  if (error instanceof InitFailedError) return failure(status.UNKNOWN, error, packInitFailed(error));
  if (error instanceof InvalidPropertiesError) {
    return failure(status.INVALID_ARGUMENT, error, packInvalidProperties(error));
  }
  // UNKNOWN is what a Go plugin answers for any plain error; the engine shows the message alone.
  return failure(status.UNKNOWN, error instanceof Error ? error : new Error(String(error)));
}

function failure(code: status, error: Error, detail?: InstanceType<typeof anyProto.Any>): ServiceError {
  const message = withCauses(error);
  const metadata = new Metadata();
  if (detail !== undefined) {
    const details = new statusProto.Status();
    details.setCode(code);
    details.setMessage(message);
    details.addDetails(detail);
    metadata.add('grpc-status-details-bin', Buffer.from(details.serializeBinary()));
  }
  return Object.assign(new Error(message), { code, details: message, metadata });
}

/** The message followed by those of its causes that it does not already contain. */
function withCauses(error: Error): string {
  let message = error.message;
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (!message.includes(cause.message)) message += `: ${cause.message}`;
  }
  return message;
}

function packInitFailed(error: InitFailedError): InstanceType<typeof anyProto.Any> {
  const detail = new providerProto.ErrorResourceInitFailed();
  detail.setId(error.id);
  detail.setProperties(encodeProperties(error.outputs));
  detail.setReasonsList([...error.reasons]);
  if (error.inputs !== undefined) detail.setInputs(encodeProperties(error.inputs));
  return pack(detail.serializeBinary(), 'pulumirpc.ErrorResourceInitFailed');
}

function packInvalidProperties(error: InvalidPropertiesError): InstanceType<typeof anyProto.Any> {
  const detail = new errorsProto.InputPropertiesError();
  for (const { property, reason } of error.failures) {
    const item = new errorsProto.InputPropertiesError.PropertyError();
    item.setPropertyPath(property);
    item.setReason(reason);
    detail.addErrors(item);
  }
  return pack(detail.serializeBinary(), 'pulumirpc.InputPropertiesError');
}

function pack(bytes: Uint8Array, type: string): InstanceType<typeof anyProto.Any> {
  const any = new anyProto.Any();
  any.pack(bytes, type);
  return any;
}
