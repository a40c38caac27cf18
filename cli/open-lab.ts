import { join } from 'node:path';
import type { BenchLab } from '../migration/bench/lab.ts';
import type { Call } from './context.ts';
import type { Engine } from './engine/engine.ts';
import { interrupted } from './interrupts.ts';
import { findNode, nodeArguments, writeKnownHosts } from './node-access.ts';
import { readOutputs, writeKubeconfig } from './outputs.ts';
import { binDir } from './paths.ts';
import { mustCapture } from './programs.ts';

/** The lab that is up, for what measures or breaks it. */
export async function openLab({ stack, journal }: Call, engine: Engine): Promise<BenchLab> {
  const outputs = await readOutputs(engine);
  writeKubeconfig(stack, outputs.kubeconfig);
  writeKnownHosts(stack, outputs.nodes);
  return {
    outputs,
    onNode(name, script, timeoutSeconds) {
      const node = findNode(stack, outputs.nodes, name);
      const shell = node.user === 'root' ? ['bash', '-s'] : ['sudo', '-n', 'bash', '-s'];
      const options = { timeoutSeconds, journal, shielded: true, input: script };
      return mustCapture(`on ${name}`, 'ssh', nodeArguments(stack, node, shell), options);
    },
    kubectl(args, timeoutSeconds, input) {
      const given = input === undefined ? {} : { input };
      const options = { timeoutSeconds, journal, shielded: true, env: engine.env, ...given };
      return mustCapture('in the cluster', join(binDir, 'kubectl'), args, options);
    },
    say: (line) => journal.say(line),
    stopped: interrupted,
  };
}
