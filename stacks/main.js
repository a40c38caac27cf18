import { register } from 'tsx/esm/api';

/**
 * What the engine starts. Language hosts differ in how, and whether, they can be told to load TypeScript; so the
 * program sees to it itself.
 */
register();

/** The stack: resolves to its outputs. */
export default async () => (await import('./index.ts')).default();
