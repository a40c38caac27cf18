/** What a quantity's suffix multiplies by (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/). */
const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+)|([a-zA-Z]{0,2}))$/;

/** The number that a quantity such as `100m`, `1.5Gi` or `2e3` stands for. Throws on what the API server would refuse too. */
export function quantity(text: string): number {
  const [, digits, exponent, suffix = ''] = QUANTITY.exec(text) ?? [];
  const factor = exponent === undefined ? SUFFIXES[suffix] : 10 ** Number(exponent);
  if (digits === undefined || factor === undefined) throw new Error(`'${text}' is no quantity`);
  return Number(digits) * factor;
}

/** Amounts by the name of a resource. */
export type Amounts = Readonly<Record<string, number>>;

/** Parses a map of quantities. */
export const amounts = (quantities: Readonly<Record<string, string>>): Amounts =>
  Object.fromEntries(Object.entries(quantities).map(([name, text]) => [name, quantity(text)]));

/** Sums, resource by resource. */
export const sum = (list: readonly Amounts[]): Amounts => merge(list, (a, b) => a + b);

/** The larger one, resource by resource. */
export const largest = (list: readonly Amounts[]): Amounts => merge(list, Math.max);

function merge(list: readonly Amounts[], join: (a: number, b: number) => number): Amounts {
  const merged: Record<string, number> = {};
  for (const one of list)
    for (const [name, amount] of Object.entries(one)) merged[name] = join(merged[name] ?? 0, amount);
  return merged;
}
