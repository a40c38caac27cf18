import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { armNames, workloadNames } from '../experiment/names.ts';
import { workloads } from '../migration/bench/workload.ts';
import type { Call, GlobalOptions } from './context.ts';
import { exitCodeHelp } from './failure.ts';
import { Journal } from './journal.ts';
import { defaultStack } from './paths.ts';

/** Does a command's work and answers its exit code. */
export type Perform = (name: string, call: Call, work: () => Promise<number>) => Promise<void>;

/**
 * Everything the user can type. The work itself is imported only when its command runs, so that `--help`, `env` and
 * `kubectl` start fast.
 */
export function buildProgram(perform: Perform, env: NodeJS.ProcessEnv = process.env): Command {
  const program = new Command('podferry')
    .description('Builds a Kubernetes lab whose running pods can be moved between nodes with their state.')
    .enablePositionalOptions()
    .showHelpAfterError('(podferry --help lists the commands)')
    .addHelpText('after', `\n${exitCodeHelp}`)
    .exitOverride();
  addGlobalOptions(program);

  const add = (name: string, summary: string, more = ''): Command => {
    const command = program
      .command(name)
      .summary(summary)
      .description(more === '' ? `${summary}.` : `${summary}. ${more}`);
    return addGlobalOptions(command).exitOverride();
  };
  const does = (command: Command, work: (call: Call) => Promise<number>): void => {
    command.action(async () => {
      const call = readCall(command, program.opts(), env);
      await perform(command.name(), call, () => work(call));
    });
  };

  const up = add(
    'up',
    'build the lab, or bring it in step with its configuration',
    'Checks this machine, says what it would install and change, asks, builds what the lab needs, runs `pulumi up` and prints the outputs. Run it again after a failure or an interruption: it goes on where it stopped.',
  ).option(
    '--ignore <check>',
    'go on although this check of `podferry doctor` fails (repeatable)',
    collect,
    [],
  );
  does(up, async (call) => (await import('./commands/up.ts')).up(call, up.opts()));

  const down = add(
    'down',
    'take the lab down; nothing is left on this machine but caches',
    'Works after an `up` that was interrupted, with the hosts gone, and with the state gone.',
  )
    .option('--purge', 'remove the caches, images and the state folder too')
    .option(
      '--forget-hosts',
      'give up hosts of your own that cannot be reached: their state is dropped, they stay as they are',
    );
  does(down, async (call) => (await import('./commands/down.ts')).down(call, down.opts()));

  const smoke = add('smoke', 'run the migration smoke tests against the lab that is up')
    .option('--full', 'those that take longer than CI has time for too')
    .option('--only <text>', 'only the files whose name has this in it (repeatable)', collect, []);
  does(smoke, async (call) => (await import('./commands/smoke.ts')).smoke(call, smoke.opts()));

  const test = add(
    'test',
    'prove everything: lint, types, unit tests, then a lab from nothing, used and taken down again',
    'Uses a stack of its own (`test` unless --stack says otherwise). The last line is `N passed, N failed`.',
  )
    .option('--static', 'only what needs no lab: lint, types, dead code, shell scripts, unit tests')
    .addOption(
      new Option(
        '--full',
        'the long tests and the whole failure matrix too, on the same lab; takes some hours',
      ).conflicts('static'),
    );
  does(test, async (call) => (await import('./commands/test.ts')).test(call, test.opts()));

  const pulumi = passThrough(
    add('pulumi', 'run the engine on the lab’s stack', 'All further arguments are the engine’s.'),
    '[args...]',
  );
  does(pulumi, async (call) => (await import('./commands/pulumi.ts')).pulumi(call, pulumi.args));

  const kubectl = passThrough(
    add(
      'kubectl',
      'run kubectl on the lab’s cluster',
      'All further arguments are kubectl’s; `kubectl migrate`, `checkpoint` and `restore` are there too.',
    ),
    '[args...]',
  );
  does(kubectl, async (call) => (await import('./commands/kubectl.ts')).kubectl(call, kubectl.args));

  const plugins = add(
    'plugins',
    'write the kubectl plugins into a folder, each as an archive with a manifest for krew',
  )
    .argument('<folder>', 'where to')
    .option('--url <base>', 'where the archives will be fetched from (default: that folder)');
  does(plugins, async (call) =>
    (await import('./commands/plugins.ts')).plugins(call, plugins.args[0] ?? '', plugins.opts()),
  );

  const ssh = passThrough(
    add(
      'ssh',
      'open a shell on a node, or run a command there',
      'The node’s host key is pinned from the stack’s outputs.',
    ),
    '<node> [command...]',
  );
  does(ssh, async (call) => (await import('./commands/ssh.ts')).ssh(call, ssh.args));

  const power = add('power', 'switch a node’s host off or on, as by its power button')
    .argument('<node>', 'which')
    .addArgument(new Argument('<button>', 'what to do').choices(['off', 'on']));
  does(power, async (call) =>
    (await import('./commands/power.ts')).power(
      call,
      power.args[0] ?? '',
      power.args[1] === 'on' ? 'on' : 'off',
    ),
  );

  const environment = add(
    'env',
    'print exports, so that plain `pulumi` and `kubectl` work: eval "$(./podferry env)"',
  );
  does(environment, async (call) => (await import('./commands/env.ts')).env(call));

  const doctor = add(
    'doctor',
    'check whether this machine can carry the lab, and say what to do where it cannot',
  ).option('--ignore <check>', 'leave this check out (repeatable)', collect, []);
  does(doctor, async (call) => (await import('./commands/doctor.ts')).doctor(call, doctor.opts()));

  const evidence = add(
    'evidence',
    'collect what explains a failure into one tar: journals, CRIU logs, events, objects, state without secrets',
  ).argument('<dir>', 'folder that gets the tar');
  does(evidence, async (call) => (await import('./commands/evidence.ts')).evidence(call, evidence.args));

  const bench = add(
    'bench',
    'measure moves on the lab that is up, or the operator on a cluster that is simulated',
    'freeze: how long no process of a moved pod runs, against what runc and CRIU alone take for the same process; what it starts on the lab is removed again. operator: what it takes to move 500 of 20,000 pods on 2,000 nodes, against an API server and agents that are simulated; needs no lab.',
  )
    .addArgument(new Argument('<what>', 'what to measure').choices(['freeze', 'operator']))
    .option('--runs <n>', 'freeze: how often', parseRuns, 20)
    .option(
      '--workload <name>',
      `freeze: only this one (repeatable): ${workloads.map(({ name }) => name).join(', ')}`,
      collectOf(workloads.map(({ name }) => name)),
      [],
    )
    .option('--json <file>', 'keep every sample, one JSON document a line');
  does(bench, async (call) =>
    bench.args[0] === 'operator'
      ? (await import('./commands/bench-operator.ts')).benchOperatorCommand(call, bench.opts())
      : (await import('./commands/bench.ts')).bench(call, bench.opts()),
  );

  const experiment = add(
    'experiment',
    'measure what it costs to bring a service to another node, with pod migration and with default Kubernetes',
    'Plays every arm with every workload on the lab that is up, mixed in random order, and writes a report of the raw samples. Run it again after an interruption: it goes on where it stopped. About an hour, unless --short or --full.',
  )
    .addOption(new Option('--short', 'a few arms and workloads, 3 runs each').conflicts('full'))
    .option('--full', '30 runs of everything: hours')
    .option('--arm <name>', `only this one (repeatable): ${armNames.join(', ')}`, collectOf(armNames), [])
    .option(
      '--workload <name>',
      `only this one (repeatable): ${workloadNames.join(', ')}`,
      collectOf(workloadNames),
      [],
    )
    .option('--runs <n>', 'how often', parseRuns)
    .option('--seed <n>', 'what the order of the runs follows from', parseRuns, 1)
    .option('--out <dir>', 'folder for samples and report (default: kept beside the lab’s state)')
    .option('--report', 'measure nothing, make the report anew from the folder’s samples');
  does(experiment, async (call) =>
    (await import('./commands/experiment.ts')).experiment(call, experiment.opts()),
  );

  const matrix = add(
    'matrix',
    'break moves on the lab that is up in every way and at every point, and see that no pod is lost',
    'Agents, operator, kubelet, containerd, hosts and networks fail while a redis is moved whose client counts every acknowledged write. All of it takes about an hour.',
  )
    .option('--only <text>', 'only the cells whose title has this in it (repeatable)', collect, [])
    .option('--resume', 'play only the cells that did not hold on this lab so far; the table shows all');
  does(matrix, async (call) => (await import('./commands/matrix.ts')).matrix(call, matrix.opts()));

  const toolchain = add('toolchain', 'build what the lab needs into the cache, and nothing else');
  does(toolchain, async (call) => (await import('./commands/toolchain.ts')).toolchain(call));
  return program;
}

/**
 * Names of stacks become names of containers, networks and volumes.
 * @throws InvalidArgumentError
 */
export function parseStackName(name: string): string {
  if (/^[a-z]([-a-z0-9]{0,18}[a-z0-9])?$/.test(name)) return name;
  throw new InvalidArgumentError('A stack name is 1 to 20 lower-case letters, digits and "-".');
}

function parseRuns(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A number from 1 to 9999 is needed.');
}

/** Options may stand before or after the command's name; the ones after it win. */
export function readCall(command: Command, before: GlobalOptions, env: NodeJS.ProcessEnv): Call {
  const after = command.opts<GlobalOptions>();
  const terminal = process.stdin.isTTY === true && process.stderr.isTTY === true && !env.CI;
  const fallback = command.name() === 'test' ? 'test' : env.PODFERRY_STACK || defaultStack;
  return {
    stack: after.stack ?? before.stack ?? parseStackName(fallback),
    yes: after.yes === true || before.yes === true || !terminal,
    terminal,
    journal: new Journal(command.name()),
  };
}

/** Whether an error of the parser is only a request for help that was granted. */
export function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0;
}

function addGlobalOptions(command: Command): Command {
  return command
    .option(
      '-s, --stack <name>',
      'the stack to work on (default: $PODFERRY_STACK, else "lab")',
      parseStackName,
    )
    .option('-y, --yes', 'ask nothing (nothing is asked without a terminal either)');
}

/** From the first argument on everything belongs to the program that is run, options included. */
function passThrough(command: Command, argument: string): Command {
  return command.arguments(argument).passThroughOptions().allowUnknownOption();
}

/** @throws InvalidArgumentError that lists what there is */
function collectOf(names: readonly string[]): (value: string, before: string[]) => string[] {
  return (value, before) => {
    if (names.includes(value)) return [...before, value];
    throw new InvalidArgumentError(`It is one of: ${names.join(', ')}.`);
  };
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}
