import { at, isTree, listAt, numberAt, type Tree, textAt } from '../object/tree.ts';
import { type JsonPath, parseJsonPath, select } from './json-path.ts';

/**
 * One thing to wait for. A condition's type and status are compared without regard to case, as `kubectl wait` does;
 * a path without a value waits until the path exists.
 */
export type Wish =
  | { readonly type: 'condition'; readonly condition: string; readonly status: string }
  | {
      readonly type: 'path';
      readonly text: string;
      readonly path: JsonPath;
      readonly value: string | undefined;
    };

/** Whether a wish has come true, and what is there instead. */
export interface WishState {
  readonly met: boolean;
  readonly message: string;
}

/** Thrown for an annotation that cannot be understood; the message says what is expected. */
export class WaitForError extends Error {
  override readonly name = 'WaitForError';
}

/**
 * Reads the annotation `pulumi.com/waitFor`: `condition=Type`, `condition=Type=Status`, `jsonpath={.path}`,
 * `jsonpath={.path}=value`, or a JSON list of these, all of which must come true.
 *
 * @throws WaitForError
 */
export function parseWaitFor(annotation: string): Wish[] {
  const wishes = parseList(annotation).map(parseWish);
  if (wishes.length === 0)
    throw new WaitForError('pulumi.com/waitFor: the list is empty, expected at least one condition');
  return wishes;
}

/** Whether the wish has come true for the object as it is. Status older than the object's spec does not count. */
export function checkWish(wish: Wish, object: Tree): WishState {
  return wish.type === 'condition' ? checkCondition(wish, object) : checkPath(wish, object);
}

function parseList(annotation: string): string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(annotation);
  } catch {
    return [annotation];
  }
  if (!Array.isArray(parsed)) return [annotation];
  return parsed.map((item) => {
    if (typeof item !== 'string')
      throw new WaitForError(`pulumi.com/waitFor: expected a list of texts, got ${annotation}`);
    return item;
  });
}

function parseWish(text: string): Wish {
  if (text.startsWith('condition=')) return parseCondition(text.slice('condition='.length));
  if (text.startsWith('jsonpath=')) return parsePath(text.slice('jsonpath='.length));
  throw new WaitForError(`pulumi.com/waitFor: expected a "jsonpath=" or "condition=" prefix, got "${text}"`);
}

function parseCondition(text: string): Wish {
  const [condition = '', ...rest] = text.split('=');
  if (condition === '')
    throw new WaitForError('pulumi.com/waitFor: "condition=" needs the type of a condition');
  return { type: 'condition', condition, status: rest.length === 0 ? 'True' : rest.join('=') };
}

function parsePath(text: string): Wish {
  // A single "=" ends the path; "==" belongs to a filter inside it.
  const match = /^((?:[^=]|==)*)(?:=(.*))?$/s.exec(text);
  const path = match?.[1]?.trim() ?? '';
  const value = match?.[2];
  if (match === null || value?.replaceAll('==', '').includes('=')) {
    throw new WaitForError(
      `pulumi.com/waitFor: expected jsonpath={.path} or jsonpath={.path}=value, got "jsonpath=${text}"`,
    );
  }
  if (value === '') throw new WaitForError(`pulumi.com/waitFor: jsonpath=${path}= needs a value`);
  const inner = /^\{\s*(.*?)\s*\}$/s.exec(path)?.[1];
  if (inner === undefined)
    throw new WaitForError(`pulumi.com/waitFor: ${path || 'the path'} should be wrapped in braces: {.path}`);
  try {
    return { type: 'path', text: path, path: parseJsonPath(inner), value };
  } catch (cause) {
    throw new WaitForError(`pulumi.com/waitFor: ${path}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

function checkCondition(wish: Wish & { type: 'condition' }, object: Tree): WishState {
  const wanted = `${wish.condition}=${wish.status}`;
  const found = listAt(object, 'status', 'conditions').find(
    (condition) => textAt(condition, 'type').toLowerCase() === wish.condition.toLowerCase(),
  );
  if (found === undefined)
    return { met: false, message: `waiting for condition ${wanted}: not reported yet` };
  const observed = numberAt(found, 'observedGeneration') ?? numberAt(object, 'status', 'observedGeneration');
  if (isStale(object, observed))
    return { met: false, message: `waiting for condition ${wanted}: status is of an older generation` };
  const status = textAt(found, 'status');
  const why = [textAt(found, 'reason'), textAt(found, 'message')].filter((part) => part !== '').join(': ');
  return {
    met: status.toLowerCase() === wish.status.toLowerCase(),
    message: `condition ${textAt(found, 'type')}=${status} (want ${wish.status})${why === '' ? '' : `: ${why}`}`,
  };
}

function checkPath(wish: Wish & { type: 'path' }, object: Tree): WishState {
  const wanted = `${wish.text}${wish.value === undefined ? '' : `=${wish.value}`}`;
  if (isStale(object, numberAt(object, 'status', 'observedGeneration'))) {
    return { met: false, message: `waiting for ${wanted}: status is of an older generation` };
  }
  const found = select(object, wish.path);
  if (found.length === 0) return { met: false, message: `waiting for ${wanted}: nothing there yet` };
  const [first] = found;
  if (wish.value === undefined) return { met: true, message: `found ${wanted}` };
  if (isTree(first) || Array.isArray(first)) {
    return { met: false, message: `waiting for ${wanted}: found an object or a list, which equals no text` };
  }
  return { met: String(first) === wish.value, message: `waiting for ${wanted}: found "${first}"` };
}

function isStale(object: Tree, observed: number | undefined): boolean {
  const generation = at(object, 'metadata', 'generation');
  return typeof generation === 'number' && observed !== undefined && observed < generation;
}
