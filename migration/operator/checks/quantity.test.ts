import fc from 'fast-check';
import { expect, it } from 'vitest';
import { quantity, sum } from './quantity.ts';
import { limitsOf, requestsOf } from './requests.ts';

it.each([
  ['0', 0],
  ['100m', 0.1],
  ['2', 2],
  ['1.5', 1.5],
  ['.5', 0.5],
  ['1k', 1000],
  ['128Mi', 134_217_728],
  ['1.5Gi', 1_610_612_736],
  ['1e3', 1000],
  ['12E', 12e18],
  ['-1', -1],
])('%s is %d', (text, number) => {
  expect(quantity(text)).toBeCloseTo(number);
});

it.each(['', 'Mi', '1 Gi', '1KiB', '1e', '0x10', '1Gi1'])('%o is no quantity', (text) => {
  expect(() => quantity(text)).toThrow(/is no quantity/);
});

it('every number of milli-units is read as it is', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (n) => {
      expect(quantity(`${n}m`)).toBeCloseTo(n / 1000);
      expect(quantity(`${n}`)).toBe(n);
      expect(quantity(`${n}Ki`)).toBe(n * 1024);
    }),
  );
});

it('sums go resource by resource', () => {
  expect(sum([{ cpu: 1, memory: 2 }, { cpu: 3 }, {}])).toEqual({ cpu: 4, memory: 2 });
});

const demand = (cpu: string, restartPolicy?: string) => ({
  resources: { requests: { cpu }, limits: {} },
  restartPolicy,
});
const requested = (init: ReturnType<typeof demand>[], regular: string[], overhead = {}) =>
  requestsOf({ initContainers: init, containers: regular.map((cpu) => demand(cpu)), overhead }).cpu;

it.each([
  ['containers together', [], ['1', '2'], {}, 3],
  ['a small init container', [demand('1')], ['2'], {}, 2],
  ['a large init container', [demand('5')], ['2'], {}, 5],
  ['a sidecar beside the containers', [demand('1', 'Always')], ['2'], {}, 3],
  ['an init container beside a sidecar before it', [demand('1', 'Always'), demand('4')], ['2'], {}, 5],
  ['an init container before the sidecar', [demand('4'), demand('1', 'Always')], ['2'], {}, 4],
  ['overhead', [], ['1'], { cpu: '250m' }, 1.25],
])('a pod requests for %s', (_, init, regular, overhead, expected) => {
  expect(requested(init, regular, overhead)).toBeCloseTo(expected);
});

it('a limit without a request is the request', () => {
  const spec = {
    initContainers: [],
    containers: [{ resources: { requests: { cpu: '1' }, limits: { cpu: '2', memory: '1k' } } }],
    overhead: {},
  };
  expect(requestsOf(spec)).toEqual({ cpu: 1, memory: 1000 });
  expect(limitsOf(spec)).toEqual({ cpu: 2, memory: 1000 });
});
