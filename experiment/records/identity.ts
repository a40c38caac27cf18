import { createHash } from 'node:crypto';
import { z } from 'zod';
import { LIB_DIR } from '../../node-setup/paths.ts';
import { type ExperimentLab, workersOf } from '../lab.ts';
import type { Identity } from './record.ts';

const ASK_SECONDS = 30;

const named = z.object({ metadata: z.object({ uid: z.string() }) });
const deployment = z.object({
  spec: z.object({ template: z.object({ spec: z.unknown() }) }),
});
const version = z.object({ gitVersion: z.string() });

/** @param commit of the project that runs the experiment */
export async function identify(lab: ExperimentLab, commit: string): Promise<Identity> {
  const { client } = lab;
  const [worker] = workersOf(lab);
  const { metadata } = named.parse(await client.request('GET', '/api/v1/namespaces/kube-system'));
  const { gitVersion } = version.parse(await client.request('GET', '/version'));
  const { namespace, deployment: name } = lab.outputs.operator;
  const { spec } = deployment.parse(
    await client.request('GET', `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`),
  );
  const said = await lab.onNode(
    worker,
    `sha256sum ${LIB_DIR}/agent.mjs | cut -d' ' -f1; runc --version | head -1; echo "criu $(criu --version | sed -n 's/^Version: //p')"; containerd --version | cut -d' ' -f1,3`,
    ASK_SECONDS,
  );
  const [agent = '', ...programs] = said.trim().split('\n');
  return {
    lab: metadata.uid,
    podferry: commit,
    agent,
    operator: createHash('sha256').update(JSON.stringify(spec.template.spec)).digest('hex'),
    versions: [`kubernetes ${gitVersion}`, ...programs],
  };
}

/** Why samples of the two must not stand side by side; undefined when they may. */
export function difference(before: Identity, now: Identity): string | undefined {
  const names = {
    lab: 'another lab',
    podferry: 'another version of the project',
    agent: 'other agents',
    operator: 'another operator',
    versions: 'other programs',
  } as const;
  const found = (Object.keys(names) as (keyof typeof names)[]).find(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]),
  );
  return found === undefined
    ? undefined
    : `${names[found]} (${String(before[found])}, now ${String(now[found])})`;
}
