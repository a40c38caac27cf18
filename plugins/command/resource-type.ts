import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type {
  Context,
  CreateRequest,
  CreateResult,
  DeleteRequest,
  UpdateRequest,
} from '../protocol/provider.ts';
import { type PropertyMap, withoutSecrets } from '../protocol/values.ts';

/** One of the plugin's resources. */
export interface ResourceType {
  /** Its inputs, by property. */
  readonly schema: z.ZodObject;
  create(request: CreateRequest, context: Context): Promise<CreateResult>;
  /** Resolves with the new outputs. */
  update(request: UpdateRequest, context: Context): Promise<PropertyMap>;
  /** Absent when there is nothing to undo. */
  delete?(request: DeleteRequest, context: Context): Promise<void>;
}

/** A new resource's id, of the form that the official plugin gives. */
export function newId(prefix: string): string {
  return prefix + randomBytes(4).toString('hex');
}

/**
 * The inputs as plain values, from a request or from the state.
 * @throws Error naming the property when one is not what the schema says
 */
export function parseInputs<Schema extends z.ZodType>(schema: Schema, inputs: PropertyMap): z.infer<Schema> {
  const parsed = schema.safeParse(withoutSecrets(inputs));
  if (!parsed.success) throw new Error(`invalid inputs:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
