import { createHmac } from 'node:crypto';

/**
 * The path at which the API server finds the webhook. It shows no certificate there, so nobody else may know the path: it is made of
 * the operator's key, and changes with it.
 */
export const evictionsPath = (operatorKey: string): string =>
  `/evictions/${createHmac('sha256', operatorKey).update('evictions').digest('hex').slice(0, 32)}`;
