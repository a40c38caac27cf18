import { z } from 'zod';
import { checkpointView, migrationView, nodeView, podView } from './rest-views.ts';

/**
 * The live stream: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), `event` the kind and
 * `data` one of these messages in JSON.
 *
 * Every connection begins with `hello`, then all there is as `set`, then `synced`; changes follow. A client that lost
 * its connection connects again and, at `synced`, forgets what it was not told of since `hello`. A comment comes at least
 * every 15 s. The server ends a stream when the caller's token or rights are no longer what they were.
 */

/** Namespaces of which the caller sees a kind of object; `all` includes those that are yet to come. */
const scope = z.union([z.literal('all'), z.array(z.string())]);
export type StreamScope = z.infer<typeof scope>;

const change = <K extends string, T extends z.ZodType>(kind: K, object: T) =>
  z.object({
    kind: z.literal(kind),
    change: z.enum(['set', 'removed']).describe('removed: with the object as it was last.'),
    object,
  });

export const streamMessage = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('hello'),
    time: z.iso.datetime().describe("The server's clock."),
    scope: z.object({ migrations: scope, pods: scope, checkpoints: scope, nodes: z.boolean() }),
  }),
  z.object({ kind: z.literal('synced') }),
  change('migration', migrationView),
  change('checkpoint', checkpointView),
  change('pod', podView),
  change('node', nodeView),
]);
export type StreamMessage = z.infer<typeof streamMessage>;
