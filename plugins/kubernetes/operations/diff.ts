import type { DiffRequest, DiffResult } from '../../protocol/provider.ts';
import type { Settings } from '../config/settings.ts';
import { replacementTest } from '../diff/immutable.ts';
import { parsePath } from '../diff/path.ts';
import { changesBetween, detailedDiff, withoutIgnored } from '../diff/plan.ts';
import { parseCheckpoint } from '../object/checkpoint.ts';
import { annotations, isAnnotated, nameOf, namespaceOf, splitApiVersion } from '../object/kube-object.ts';
import { isNamed } from '../object/naming.ts';
import { normalized } from '../object/normalize.ts';
import { toObject } from '../object/properties.ts';
import { at, type Tree, textAt, withValue } from '../object/tree.ts';

/**
 * What the program changes against what was applied last (and, after a refresh, against what others have changed
 * meanwhile). Fields that only the server sets do not count. Needs no cluster.
 */
export function diff(settings: Settings, request: DiffRequest): DiffResult {
  const state = parseCheckpoint(request.olds);
  const applied = textAt(state.inputs, 'kind') === '' ? toObject(request.oldInputs) : state.inputs;
  const olds = settled(normalized(applied), state.live);
  const news = settled(normalized(toObject(request.news)), state.live);
  const changes = withoutIgnored(changesBetween(olds, news), request.ignoreChanges.map(parsePath));
  const isReplacing = replacementTest(news, settings);
  const detailed = detailedDiff(
    changes,
    (path, values) => isReplacing(path, values) || changesGroup(path[0], values),
  );
  const replaces = Object.entries(detailed).filter(([, { kind }]) => kind.endsWith('-replace'));
  const deleteBeforeReplace = replaces.length > 0 && isSameName(state.live, news);
  return { changes: changes.length > 0, detailed, deleteBeforeReplace };
}

/** The same inputs whether or not they spell out what the object has anyway: its name and its namespace. */
function settled(inputs: Tree, live: Tree): Tree {
  const namespace = at(inputs, 'metadata', 'namespace') ?? (namespaceOf(live) || undefined);
  // Objects of the whole cluster have none, whatever the inputs say.
  const scoped = withValue(
    inputs,
    ['metadata', 'namespace'],
    namespaceOf(live) === '' ? undefined : namespace,
  );
  return isNamed(scoped) || nameOf(live) === ''
    ? scoped
    : withValue(scoped, ['metadata', 'name'], nameOf(live));
}

/** Another version of the same group is the same object in another form; another group is another object. */
function changesGroup(key: string | number | undefined, values: readonly unknown[]): boolean {
  if (key !== 'apiVersion') return false;
  const [before, after] = values.map(
    (value) => splitApiVersion(typeof value === 'string' ? value : '').group,
  );
  return before !== after;
}

/** The new object cannot be made while the old one is there: same name, which the user has chosen, same namespace. */
function isSameName(live: Tree, news: Tree): boolean {
  return (
    isNamed(news) &&
    !isAnnotated(news, annotations.autonamed) &&
    nameOf(news) === nameOf(live) &&
    namespaceOf(news) === namespaceOf(live)
  );
}
