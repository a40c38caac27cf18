import { isTree } from '../object/tree.ts';

/**
 * The part of JSONPath that status checks need: `.name`, `["name"]`, `[0]`, `[-1]`, `[*]`, `.*`, `..name` and
 * `[?(@.a.b=="text")]` (https://kubernetes.io/docs/reference/kubectl/jsonpath/).
 */
export type JsonPath = readonly Step[];

type Step =
  | { readonly type: 'key'; readonly key: string }
  | { readonly type: 'index'; readonly index: number }
  | { readonly type: 'all' }
  | { readonly type: 'anywhere'; readonly key: string }
  | {
      readonly type: 'filter';
      readonly path: JsonPath;
      readonly operator: '==' | '!=' | 'exists';
      readonly value: unknown;
    };

/** One alternative per kind of step, tried at the current position. */
const steps: readonly { readonly pattern: RegExp; read(match: RegExpExecArray): Step }[] = [
  { pattern: /^\.\.([\w$-]+)/, read: (match) => ({ type: 'anywhere', key: match[1] ?? '' }) },
  { pattern: /^(?:\.\*|\.?\[\*\])/, read: () => ({ type: 'all' }) },
  // A backslash keeps a dot in a key, as kubectl has it: `.metadata.annotations.example\.com/name`.
  {
    pattern: /^\.((?:\\.|[\w$/-])+)/,
    read: (match) => ({ type: 'key', key: (match[1] ?? '').replace(/\\(.)/g, '$1') }),
  },
  { pattern: /^\.?\[(-?\d+)\]/, read: (match) => ({ type: 'index', index: Number(match[1]) }) },
  {
    pattern: /^\.?\[(?:"([^"]*)"|'([^']*)')\]/,
    read: (match) => ({ type: 'key', key: match[1] ?? match[2] ?? '' }),
  },
  {
    pattern: /^\.?\[\?\s*\(?\s*@((?:"[^"]*"|'[^']*'|[^"'\]])*?)\s*\)?\s*\]/,
    read: (match) => readFilter(match[1] ?? ''),
  },
];

/**
 * Reads a path; a leading `$` is optional.
 *
 * @throws Error saying where it stops being understood.
 */
export function parseJsonPath(text: string): JsonPath {
  const path: Step[] = [];
  let rest = text.replace(/^\$/, '');
  if (rest === '') throw new Error('the path is empty');
  while (rest !== '') {
    const step = steps.find(({ pattern }) => pattern.test(rest));
    const match = step?.pattern.exec(rest);
    if (step === undefined || match == null) throw new Error(`cannot read the path from "${rest}"`);
    path.push(step.read(match));
    rest = rest.slice(match[0].length);
  }
  return path;
}

/** The values at the path, in document order. */
export function select(document: unknown, path: JsonPath): unknown[] {
  return path.reduce<unknown[]>((found, step) => found.flatMap((value) => take(value, step)), [document]);
}

function take(value: unknown, step: Step): unknown[] {
  switch (step.type) {
    case 'key':
      return isTree(value) && Object.hasOwn(value, step.key) ? [value[step.key]] : [];
    case 'index':
      return Array.isArray(value) && value.at(step.index) !== undefined ? [value.at(step.index)] : [];
    case 'all':
      return children(value);
    case 'anywhere':
      return [
        ...take(value, { type: 'key', key: step.key }),
        ...children(value).flatMap((child) => take(child, step)),
      ];
    case 'filter':
      return children(value).filter((child) => passes(child, step));
  }
}

function children(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isTree(value) ? Object.values(value) : [];
}

function passes(value: unknown, filter: Step & { type: 'filter' }): boolean {
  const [found] = select(value, filter.path);
  if (filter.operator === 'exists') return found !== undefined;
  return (found === filter.value) === (filter.operator === '==');
}

function readFilter(text: string): Step {
  const match = /^(.*?)\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)'|(\S+))$/s.exec(text);
  if (match === null)
    return { type: 'filter', path: parseJsonPath(text.trim()), operator: 'exists', value: undefined };
  const [, path = '', operator, double, single, bare] = match;
  return {
    type: 'filter',
    path: parseJsonPath(path.trim()),
    operator: operator === '!=' ? '!=' : '==',
    value: double ?? single ?? literal(bare ?? ''),
  };
}

function literal(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`"${text}" is neither a quoted text nor a number, true, false or null`);
  }
}
