/** Where a value is: keys and list indexes from the root. */
export type Path = readonly (string | number)[];

/** A path as the engine writes and reads it: `spec.containers[0].env`, `metadata.annotations["a.b/c"]`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/[.[\]"]/.test(step) || step === '') text += `[${JSON.stringify(step)}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

/** Reads what {@link formatPath} writes; `[*]` is the key `*`. @throws Error for anything else. */
export function parsePath(text: string): Path {
  const path: (string | number)[] = [];
  const token = /\.?([^.[\]"]+)|\[(\d+)\]|\[(\*)\]|\["((?:[^"\\]|\\.)*)"\]/y;
  while (token.lastIndex < text.length) {
    const start = token.lastIndex;
    const match = token.exec(text);
    if (match === null)
      throw new Error(`cannot read the property path "${text}" from "${text.slice(start)}"`);
    const [, key, index, any, quoted] = match;
    if (index !== undefined) path.push(Number(index));
    else path.push(key ?? any ?? unescaped(quoted ?? ''));
  }
  return path;
}

/** True when `inner` is `outer` or lies inside it; a `*` in `outer` stands for any index or key. */
export function isWithin(outer: Path, inner: Path): boolean {
  return outer.length <= inner.length && outer.every((step, index) => step === '*' || step === inner[index]);
}

function unescaped(text: string): string {
  const parsed: unknown = JSON.parse(`"${text}"`);
  return String(parsed);
}
