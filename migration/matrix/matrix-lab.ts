import type { BenchLab } from '../bench/lab.ts';

/** The lab as the matrix breaks it. */
export interface MatrixLab extends BenchLab {
  /** Switches a host off and on as by its power button; undefined where hosts are not ours to switch off. */
  power: { off(node: string): Promise<void>; on(node: string): Promise<void> } | undefined;
  /** Fires when the user does not want to wait for the end of the cell under way either. */
  hurry: AbortSignal;
}

/** One move that is under way, held at a point. */
export interface Scene {
  lab: MatrixLab;
  source: string;
  target: string;
  /** The Podmigration; empty before it is made. */
  migration: string;
  namespace: string;
}

export const ON_NODE_SECONDS = 90;

export const nodeOf = ({ source, target }: Scene, end: 'source' | 'target'): string =>
  end === 'source' ? source : target;

/** Runs a script on one end's node. */
export function onEnd(scene: Scene, end: 'source' | 'target', script: string): Promise<string> {
  return scene.lab.onNode(nodeOf(scene, end), script, ON_NODE_SECONDS);
}

export function onMaster({ lab }: Pick<Scene, 'lab'>, script: string): Promise<string> {
  const master = lab.outputs.nodes.find(({ role }) => role === 'master')?.name ?? '';
  return lab.onNode(master, script, ON_NODE_SECONDS);
}

/** Address by which the other nodes reach a node. */
export function addressOf({ lab }: Pick<Scene, 'lab'>, node: string): string {
  return lab.outputs.nodes.find(({ name }) => name === node)?.address ?? '';
}
