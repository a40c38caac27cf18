/**
 * Colours that people with the usual colour blindnesses tell apart, and that differ in lightness on paper: Okabe and Ito's for the arms
 * (https://jfly.uni-koeln.de/color/), Paul Tol's muted scheme for the parts of an outage (https://personal.sron.nl/~pault/).
 */
const armColours: Readonly<Record<string, string>> = {
  'recreate-30': '#D55E00',
  'recreate-0': '#E69F00',
  rollout: '#CC79A7',
  store: '#56B4E9',
  stream: '#0072B2',
  'keep-address': '#009E73',
  floor: '#555555',
  cold: '#D55E00',
  warm: '#0072B2',
};

/** Scale for the arms that are there. */
export const armScale = (names: readonly string[]) => ({
  domain: [...names],
  range: names.map((name) => armColours[name] ?? '#000000'),
});

/** Parts of an outage as figures show them: some are drawn together, as nobody tells fifteen colours apart. */
const shownParts: readonly (readonly [shown: string, colour: string, parts: readonly string[]])[] = [
  ['old pod ends', '#882255', ['ending']],
  ['API, scheduler', '#CC6677', ['API', 'scheduling']],
  ['kubelet, sandbox', '#DDCC77', ['kubelet', 'sandbox']],
  ['container start', '#999933', ['container']],
  ['dump', '#332288', ['freezing', 'dump']],
  ['move', '#88CCEE', ['move']],
  ['restore', '#44AA99', ['restore', 'thaw']],
  ['application', '#117733', ['application']],
  ['endpoints', '#AA4499', ['endpoints']],
  ['unexplained', '#BBBBBB', ['unexplained']],
];

export const partScale = {
  domain: shownParts.map(([shown]) => shown),
  range: shownParts.map(([, colour]) => colour),
};

/** What a part is drawn as, and its place in the order. */
export function shownPart(name: string): { shown: string; order: number } {
  const order = shownParts.findIndex(([, , parts]) => parts.includes(name));
  const [shown = name] = shownParts[order] ?? [];
  return { shown, order };
}
