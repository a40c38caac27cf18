import { z } from 'zod';
import type { EventView } from '../../../contract/rest-views.ts';

/** https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/, by the names of the older group. */
const event = z.object({
  type: z.string().default('Normal'),
  reason: z.string().default(''),
  message: z.string().default(''),
  count: z.int().nullish(),
  eventTime: z.string().nullish(),
  firstTimestamp: z.string().nullish(),
  lastTimestamp: z.string().nullish(),
  series: z.object({ count: z.int(), lastObservedTime: z.string().nullish() }).nullish(),
  involvedObject: z.object({ kind: z.string().default(''), name: z.string().default('') }),
  reportingComponent: z.string().default(''),
  source: z.object({ component: z.string().default('') }).default({ component: '' }),
});

/** An event of the API server as its view. */
export function toEventView(raw: unknown): EventView {
  const e = event.parse(raw);
  const time = e.series?.lastObservedTime ?? e.lastTimestamp ?? e.eventTime ?? e.firstTimestamp;
  return {
    type: e.type,
    reason: e.reason,
    note: e.message,
    count: e.series?.count ?? e.count ?? 1,
    regarding: { kind: e.involvedObject.kind, name: e.involvedObject.name },
    reportedBy: e.reportingComponent || e.source.component,
    ...(time && { time }),
  };
}
