import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { quoteAll } from '../../node-setup/shell/quote.ts';
import { allChecks } from '../checks/all.ts';
import { runChecks } from '../checks/check.ts';
import { readMachineFacts } from '../checks/read-facts.ts';
import { findingLines } from '../checks/report.ts';
import type { Call } from '../context.ts';
import { askEngine, type Engine, findEngine } from '../engine/engine.ts';
import { collectEvidence } from '../evidence/collect.ts';
import { clusterItems, type EvidenceItem, hostItems } from '../evidence/items.ts';
import { clusterConfig, type ReachableHost, reachableHosts } from '../evidence/reach.ts';
import { withoutStateSecrets } from '../evidence/redact.ts';
import { exitCodes, Failure } from '../failure.ts';
import { binDir, logsDir, stackPaths } from '../paths.ts';
import { enginePresent } from '../prepare.ts';
import { type Captured, capture, findProgram } from '../programs.ts';
import { readStackSettings, type StackSettings } from '../stack-settings.ts';
import { findWhatToBuild } from '../toolbox.ts';

/** How many of our own logs are taken along, the newest. */
const OWN_LOGS = 10;

/** Collects what explains a failure into one tar; works with any part of the lab gone. */
export async function evidence(call: Call, [dir = '.']: readonly string[]): Promise<number> {
  const settings = readStackSettings(call.stack);
  const engine = await findEngine(call.stack, call.journal);
  const hosts = await reachableHosts(call.stack, settings);
  const items = [
    ...machineItems(call.stack, settings),
    ...ownLogItems(),
    ...((await enginePresent(engine)) ? [stateItem(engine)] : []),
    ...hosts.flatMap(hostItems),
    ...clusterItems((args, timeoutSeconds) => askCluster(call.stack, hosts, args, timeoutSeconds)),
  ];
  const stamp = new Date().toISOString().replace(/[:.]/g, '-');
  const { tar, collected } = await collectEvidence(resolve(dir), `podferry-${call.stack}-${stamp}`, items);
  const missing = collected.filter(({ problem }) => problem !== undefined).length;
  call.journal.write(`${collected.length - missing} items collected, ${missing} missing`);
  if (missing > 0)
    process.stderr.write(
      `${missing} of ${collected.length} items could not be had; the tar's missing.txt says why\n`,
    );
  process.stdout.write(`${tar}\n`);
  return exitCodes.ok;
}

function machineItems(stack: string, settings: StackSettings): EvidenceItem[] {
  const doctor = async (): Promise<Captured> => {
    const facts = await readMachineFacts(stack, settings, await findWhatToBuild(settings), false);
    const findings = findingLines(runChecks(allChecks, facts), { all: true });
    return said(`${findings.join('\n')}\n\n${JSON.stringify(facts, null, 2)}\n`);
  };
  const podman = ['--cgroup-manager=cgroupfs', 'ps', '-a', '--filter', `label=podferry.stack=${stack}`];
  const { config } = stackPaths(stack);
  return [
    { file: 'machine/doctor.txt', collect: doctor },
    { file: 'machine/containers.txt', collect: () => ask('podman', podman) },
    { file: 'machine/kernel-messages.txt', collect: () => ask('dmesg', ['--ctime']) },
    ...(existsSync(config)
      ? [{ file: 'stack/config.yaml', collect: async () => said(readFileSync(config, 'utf8')) }]
      : []),
  ];
}

function ownLogItems(): EvidenceItem[] {
  if (!existsSync(logsDir)) return [];
  return readdirSync(logsDir)
    .sort()
    .slice(-OWN_LOGS)
    .map((name) => ({
      file: `podferry-logs/${name}`,
      collect: async () => said(readFileSync(join(logsDir, name), 'utf8')),
    }));
}

function stateItem(engine: Engine): EvidenceItem {
  return {
    file: 'stack/state.json',
    async collect() {
      const answer = await askEngine(engine, ['stack', 'export'], { secret: true });
      if (answer.code !== 0) return answer;
      return said(JSON.stringify(withoutStateSecrets(JSON.parse(answer.stdout)), null, 2));
    },
  };
}

/** With the kubeconfig that `up` wrote, or, where it did not get that far, with the one that kubeadm left on the master. */
async function askCluster(
  stack: string,
  hosts: readonly ReachableHost[],
  args: string[],
  timeoutSeconds: number,
): Promise<Captured> {
  const config = clusterConfig(stack);
  if (config !== undefined)
    return capture(join(binDir, 'kubectl'), ['--kubeconfig', config, ...args], { timeoutSeconds });
  const master = hosts.find(({ name }) => name === readStackSettings(stack).lab.hosts[0]?.name);
  if (master === undefined) throw new Failure('there is no kubeconfig yet, and no master to ask');
  return master.run(`kubectl --kubeconfig /etc/kubernetes/admin.conf ${quoteAll(args)}`, timeoutSeconds);
}

async function ask(program: string, args: string[]): Promise<Captured> {
  if (findProgram(program) === undefined) throw new Failure(`${program} is not installed`);
  return capture(program, args, { timeoutSeconds: 30 });
}

function said(stdout: string): Captured {
  return { code: 0, stdout, stderr: '' };
}
