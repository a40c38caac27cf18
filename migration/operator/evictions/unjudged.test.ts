import { expect, it } from 'vitest';
import { labelSelector, selects } from '../checks/selector.ts';
import { isToMove } from './opted-in.ts';
import { unjudgedBindings } from './unjudged.ts';

const EVICT = [{}, { 'podferry.dev/evict': 'move' }, { 'podferry.dev/evict': 'delete' }];
const everyPair = EVICT.flatMap((pod) => EVICT.map((namespace) => [pod, namespace] as const));

it.each(everyPair)(
  'has the policy mean the pods that are moved: %j in a namespace with %j',
  (pod, namespace) => {
    const isMeant = unjudgedBindings.some(({ spec }) => {
      const inNamespace = spec.matchResources?.namespaceSelector ?? {};
      return (
        selects(labelSelector.parse(inNamespace), namespace) &&
        selects(labelSelector.parse(spec.paramRef.selector), pod)
      );
    });
    expect(isMeant).toBe(isToMove(pod, namespace));
  },
);
