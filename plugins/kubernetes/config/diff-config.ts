import type { DiffResult } from '../../protocol/provider.ts';
import { type PropertyMap, Unknown, unwrap, withoutSecrets } from '../../protocol/values.ts';
import { same } from '../object/tree.ts';
import { activeCluster, parseKubeconfig } from './kubeconfig.ts';
import { parseSettings } from './settings.ts';

/** Arguments that say which cluster is meant. */
const identifying = ['kubeconfig', 'context', 'cluster'] as const;

/**
 * Whether a change of the provider's arguments means another cluster, so that every resource must be replaced.
 * With `clusterIdentifier` set before and after, that alone decides; otherwise the kubeconfig's cluster entry does,
 * as with the official provider.
 */
export function diffConfig(olds: PropertyMap, news: PropertyMap): DiffResult {
  const changed = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
    (key) => !same(bare(olds, key), bare(news, key)),
  );
  if (changed.length === 0) return { changes: false };
  const replaces = replacing(olds, news, changed);
  const detailed = Object.fromEntries(
    changed.map((key) => [
      key,
      { kind: replaces.includes(key) ? ('update-replace' as const) : ('update' as const), inputDiff: true },
    ]),
  );
  return { changes: true, detailed };
}

function replacing(olds: PropertyMap, news: PropertyMap, changed: readonly string[]): string[] {
  const before = bare(olds, 'clusterIdentifier');
  const after = bare(news, 'clusterIdentifier');
  if (before && after) return same(before, after) ? [] : ['clusterIdentifier'];
  const unknown = identifying.filter((key) => unwrap(news[key]) instanceof Unknown);
  // What is not known yet may be another cluster: the preview warns rather than surprises.
  if (unknown.length > 0) return unknown;
  const oldCluster = clusterOf(olds);
  const newCluster = clusterOf(news);
  if (oldCluster === undefined || newCluster === undefined || same(oldCluster, newCluster)) return [];
  return identifying.filter((key) => changed.includes(key));
}

function clusterOf(args: PropertyMap): Record<string, unknown> | undefined {
  try {
    const { kubeconfig, context, cluster } = parseSettings(args);
    return kubeconfig === undefined
      ? undefined
      : activeCluster(parseKubeconfig(kubeconfig), { context, cluster });
  } catch {
    // A configuration that cannot be read cannot be compared; configure reports what is wrong with the new one.
    return undefined;
  }
}

function bare(args: PropertyMap, key: string): unknown {
  const value = args[key];
  return value === undefined ? undefined : withoutSecrets(value);
}
