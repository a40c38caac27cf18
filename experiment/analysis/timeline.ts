import { type MoveSample, sharesOf, UNEXPLAINED } from '../../migration/bench/breakdown.ts';
import type { Gap } from './gaps.ts';

/** One part of an outage. Together the parts of an outage are the outage. */
export interface Part {
  name: string;
  ms: number;
}

/** What happened one after another when a service is started anew; what a part is called that ends there. */
const COLD: readonly (readonly [milestone: string, part: string])[] = [
  ['sourceGone', 'ending'],
  ['created', 'API'],
  ['scheduled', 'scheduling'],
  ['sandboxAsked', 'kubelet'],
  ['sandboxReady', 'sandbox'],
  ['containerStarted', 'container'],
  ['firstAnswer', 'application'],
];

/** All parts there are, in the order in which they happen. */
export const PARTS = [
  'ending',
  'API',
  'scheduling',
  'kubelet',
  'sandbox',
  'container',
  'freezing',
  'dump',
  'move',
  'restore',
  'thaw',
  'application',
  'endpoints',
  UNEXPLAINED,
] as const;

/**
 * The outage of a service that was started anew, cut at the milestones that lie within it. Time that ends at a milestone which nobody saw
 * is unexplained.
 * @param times milestones; `firstAnswer` is the successor's own, by its pod's address
 */
export function coldTimeline({ from, to }: Gap, seenTimes: Readonly<Record<string, number>>): Part[] {
  const times = { ...seenTimes };
  // A Deployment's successor is there before the source has gone: nothing waited for that.
  if ((times.sourceGone ?? 0) > (times.created ?? Number.POSITIVE_INFINITY)) delete times.sourceGone;
  const parts: Part[] = [];
  let at = from;
  let isSure = true;
  for (const [milestone, name] of COLD) {
    const seen = times[milestone];
    if (seen === undefined) {
      // A Deployment's successor does not wait for the source's end.
      isSure = isSure && milestone === 'sourceGone';
      continue;
    }
    const end = Math.min(Math.max(at, seen), to);
    parts.push({ name: isSure ? name : UNEXPLAINED, ms: end - at });
    at = end;
    isSure = true;
  }
  parts.push({ name: isSure ? 'endpoints' : UNEXPLAINED, ms: to - at });
  return merged(parts);
}

/** The outage of a service that was moved: what came before the freeze, the freeze as the agents saw it, and what came after it. */
export function moveTimeline({ from, to }: Gap, move: MoveSample, firstAnswer: number | undefined): Part[] {
  const freeze = move.phases.find(({ name }) => name === 'freeze');
  if (freeze === undefined) return [{ name: UNEXPLAINED, ms: to - from }];
  const frozenAt = Date.parse(freeze.startedAt);
  const thawedAt = frozenAt + move.freezeMs;
  const answeredAt = Math.min(Math.max(firstAnswer ?? to, thawedAt), to);
  const share = (...names: string[]): number =>
    sharesOf(move).reduce((sum, { name, ms }) => sum + (names.includes(name) ? ms : 0), 0);
  const parts: Part[] = [
    { name: 'freezing', ms: Math.max(0, frozenAt - from) },
    { name: 'dump', ms: share('silence', 'dump', 'layer') },
    { name: 'move', ms: share('move', 'fetch') },
    { name: 'restore', ms: share('restore') },
    { name: 'thaw', ms: share('start', 'open') },
    { name: 'application', ms: Math.max(0, answeredAt - Math.max(thawedAt, from)) },
    { name: 'endpoints', ms: Math.max(0, to - answeredAt) },
  ];
  const explained = parts.reduce((sum, { ms }) => sum + ms, 0);
  return merged([...parts, { name: UNEXPLAINED, ms: to - from - explained }]);
}

function merged(parts: readonly Part[]): Part[] {
  return PARTS.flatMap((name) => {
    const same = parts.filter((part) => part.name === name);
    return same.length === 0 ? [] : [{ name, ms: same.reduce((sum, { ms }) => sum + ms, 0) }];
  });
}
