import type { z } from 'zod';
import type { CheckFailure, CheckResult } from '../protocol/provider.ts';
import {
  hasUnknowns,
  isMap,
  mapValues,
  type PropertyMap,
  type PropertyValue,
  Secret,
  unwrap,
  withoutSecrets,
} from '../protocol/values.ts';
import { endpointSchema } from './inputs.ts';

const credentialNames = ['password', 'privateKey', 'privateKeyPassword'] as const;

/**
 * Checks the program's inputs property by property (what is unknown is checked once it is known), drops what the
 * resource does not have, and gives the connection its defaults and secret markers, the way the official plugin does:
 * the same inputs must lead to the same state.
 */
export function checkInputs(schema: z.ZodObject, news: PropertyMap): CheckResult {
  const inputs: PropertyMap = {};
  const failures: CheckFailure[] = [];
  for (const [name, property] of Object.entries(schema.shape)) {
    const value = news[name] ?? undefined;
    if (!hasUnknowns(value)) {
      const parsed = (property as z.ZodType).safeParse(value === undefined ? value : withoutSecrets(value));
      failures.push(...(parsed.error?.issues ?? []).map((issue) => failureOf(name, value, issue)));
    }
    if (value !== undefined) inputs[name] = name === 'connection' ? checkedConnection(value) : value;
  }
  return { inputs, failures };
}

function failureOf(name: string, value: PropertyValue | undefined, issue: z.core.$ZodIssue): CheckFailure {
  const property = [name, ...issue.path.map(String)].join('.');
  return {
    property,
    reason: value === undefined ? `${name} is required` : `${property}: ${issue.message}`,
  };
}

function checkedConnection(value: PropertyValue): PropertyValue {
  const connection = unwrap(value);
  if (!isMap(connection)) return new Secret(value);
  const checked = checkedEndpoint(connection);
  const proxy = unwrap(connection.proxy);
  if (isMap(proxy)) {
    const checkedProxy = checkedEndpoint(proxy);
    checked.proxy = connection.proxy instanceof Secret ? new Secret(checkedProxy) : checkedProxy;
  }
  return new Secret(checked);
}

function checkedEndpoint(endpoint: PropertyMap): PropertyMap {
  const { shape } = endpointSchema;
  const defaults = {
    user: shape.user.parse(undefined),
    port: shape.port.parse(undefined),
    dialErrorLimit: shape.dialErrorLimit.parse(undefined),
    perDialTimeout: shape.perDialTimeout.parse(undefined),
  };
  const checked = { ...defaults, ...mapValues(endpoint, (item) => item) };
  return mapValues(checked, (item, name) => (isCredential(name) ? new Secret(item) : item));
}

/** Whether a connection's property is one that opens doors. */
export function isCredential(name: string): boolean {
  return (credentialNames as readonly string[]).includes(name);
}
