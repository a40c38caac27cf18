/**
 * Which Pulumi engine runs the stack: the one the user has installed when it is known to work, else the one built by
 * the toolchain.
 */

/** The oldest engine that has every flag and state format in use here. */
export const OLDEST_ENGINE = '3.240.0';

/**
 * From this version on the engine's Node.js language host asks for Node.js 22.
 * Source: the `engines` field of @pulumi/pulumi 3.249.0 on npm.
 */
export const FIRST_ENGINE_FOR_NODE_22 = '3.249.0';

export interface EngineFacts {
  /** Path of an installed `pulumi`, our own bin folder left aside. */
  pulumi: string | undefined;
  /** What `pulumi version` answered. */
  version: string | undefined;
  /** Whether `pulumi-language-nodejs` is beside it or on PATH. */
  languageHost: boolean;
  nodeMajor: number;
}

export type EngineChoice =
  | { kind: 'installed'; pulumi: string; version: string }
  | { kind: 'own'; why: string };

export function chooseEngine(facts: EngineFacts): EngineChoice {
  if (facts.pulumi === undefined) return { kind: 'own', why: 'no pulumi is installed' };
  const version = /^v?(\d+\.\d+\.\d+)/.exec(facts.version ?? '')?.[1];
  if (version === undefined) return { kind: 'own', why: `${facts.pulumi} does not tell its version` };
  if (compareVersions(version, OLDEST_ENGINE) < 0 || compareVersions(version, '4.0.0') >= 0) {
    return { kind: 'own', why: `installed pulumi is ${version}, wanted is ${OLDEST_ENGINE} up to 3.x` };
  }
  if (facts.nodeMajor < 22 && compareVersions(version, FIRST_ENGINE_FOR_NODE_22) >= 0) {
    return { kind: 'own', why: `installed pulumi is ${version}, which needs Node.js 22 or newer` };
  }
  if (!facts.languageHost)
    return { kind: 'own', why: 'installed pulumi has no pulumi-language-nodejs beside it' };
  return { kind: 'installed', pulumi: facts.pulumi, version };
}

/** Orders `major.minor.patch` versions; negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < 3; i += 1) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
