import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { binDir } from '../../cli/paths.ts';
import { startTestServer, type TestServer } from './ssh/test-server.ts';

/** The plugin under the real engine, with a small program; needs `pulumi` in the project's bin folder or on PATH. */

const project = fileURLToPath(new URL('../../', import.meta.url));
const loader = fileURLToPath(import.meta.resolve('tsx'));

const program = `
import * as pulumi from '@pulumi/pulumi';
import { local, remote } from '@pulumi/command';
const given = JSON.parse(process.env.GIVEN);
const made = new local.Command('made', {
  create: 'echo made ' + given.text + ' > ' + given.folder + '/made; cat ' + given.folder + '/made',
  update: 'echo "was: $PULUMI_COMMAND_STDOUT"',
  delete: 'rm ' + given.folder + '/made',
  environment: { TEXT: given.text },
});
const connection = { ...given.connection, dialErrorLimit: 0, perDialTimeout: 5 };
const far = new remote.Command('far', {
  connection,
  create: 'cat; ' + given.command,
  delete: 'echo far >> ' + given.folder + '/deleted',
  stdin: pulumi.secret('a-secret-input'),
  triggers: [given.trigger],
}, { dependsOn: made, additionalSecretOutputs: ['stdout'], customTimeouts: { create: given.timeout } });
new remote.CopyToRemote('copy', {
  connection,
  source: new pulumi.asset.StringAsset(given.text),
  remotePath: given.folder + '/copied/text',
});
export const outputs = { made: made.stdout, far: far.stdout };
`;

const pulumiYaml =
  'name: plugin-command\nmain: index.mjs\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n';

const summarySchema = z.array(
  z.object({ resourceChanges: z.record(z.string(), z.number()).optional(), result: z.string() }),
);

describe('the command plugin under the real engine', () => {
  let server: TestServer;
  let folder: string;
  let env: NodeJS.ProcessEnv;
  const given = { text: 'one', command: 'true', trigger: 'a', timeout: '60s' };

  beforeAll(async () => {
    server = await startTestServer();
    folder = await mkdtemp(join(tmpdir(), 'podferry-engine-'));
    await writeFile(join(folder, 'index.mjs'), program);
    await writeFile(join(folder, 'Pulumi.yaml'), pulumiYaml);
    await symlink(join(project, 'node_modules'), join(folder, 'node_modules'));
    const launcher = join(folder, 'pulumi-resource-command');
    const main = join(project, 'plugins/command/main.ts');
    await writeFile(launcher, `#!/bin/sh\nexec '${process.execPath}' --import '${loader}' '${main}' "$@"\n`);
    await chmod(launcher, 0o755);
    env = {
      ...process.env,
      PATH: [folder, binDir, process.env.PATH].join(delimiter),
      PULUMI_BACKEND_URL: `file://${folder}`,
      PULUMI_CONFIG_PASSPHRASE: 'for this test only',
      PULUMI_HOME: join(folder, 'home'),
      PULUMI_SKIP_UPDATE_CHECK: '1',
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: '1',
    };
    await run('stack', 'init', 'dev');
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  const at = (path: string): string => join(folder, path);

  function environment(): NodeJS.ProcessEnv {
    const { port, privateKey, hostKey } = server;
    const connection = { host: '127.0.0.1', port, privateKey, hostKey };
    return { ...env, GIVEN: JSON.stringify({ ...given, folder, connection }) };
  }

  async function run(...args: string[]): Promise<string> {
    const options = { cwd: folder, env: environment() };
    try {
      return (await promisify(execFile)('pulumi', [...args, '--non-interactive'], options)).stdout;
    } catch (error) {
      // The engine says on standard output what went wrong with a resource.
      const { stdout } = z.object({ stdout: z.string() }).parse(error);
      throw new Error(`pulumi ${args[0]} failed:\n${stdout}`, { cause: error });
    }
  }

  /** Runs an update of some kind; resolves with how many resources it created, changed, … */
  async function change(kind: 'up' | 'refresh' | 'destroy'): Promise<Record<string, number>> {
    await run(kind, '--yes', '--skip-preview');
    const [latest] = summarySchema.parse(
      JSON.parse(await run('stack', 'history', '--json', '--page-size', '1')),
    );
    return latest?.resourceChanges ?? {};
  }

  /** Starts an update that is going to be disturbed; resolves once the remote command runs. */
  async function startSlowUpdate(): Promise<{ engine: ChildProcess; output: Promise<string> }> {
    given.command = `echo $$ > ${at('pid')}; sleep 300`;
    const engine = spawn('pulumi', ['up', '--yes', '--skip-preview', '--non-interactive'], {
      cwd: folder,
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const chunks: Buffer[] = [];
    engine.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    engine.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
    const output = once(engine, 'exit').then(() => Buffer.concat(chunks).toString());
    await expect
      .poll(
        () =>
          access(at('pid')).then(
            () => true,
            () => false,
          ),
        { timeout: 60_000 },
      )
      .toBe(true);
    return { engine, output };
  }

  async function expectRemoteCommandEnded(): Promise<void> {
    const pid = (await readFile(at('pid'), 'utf8')).trim();
    await rm(at('pid'));
    await expect
      .poll(
        () =>
          access(`/proc/${pid}`).then(
            () => 'running',
            () => 'ended',
          ),
        { timeout: 20_000 },
      )
      .toBe('ended');
  }

  it('creates, and keeps secrets out of the state', async () => {
    expect(await change('up')).toEqual({ create: 4 });
    expect(await readFile(at('copied/text'), 'utf8')).toBe('one');
    const outputs = JSON.parse(await run('stack', 'output', '--json', '--show-secrets'));
    expect(outputs.outputs).toEqual({ made: 'made one', far: 'a-secret-input' });
    const state = await run('stack', 'export');
    expect(state).not.toContain('a-secret-input');
    expect(state).not.toContain('PRIVATE KEY');
  });

  it('changes nothing the second time, nor by a refresh', async () => {
    expect(await change('up')).toEqual({ same: 4 });
    expect(await change('refresh')).toEqual({ same: 4 });
  });

  it('updates what has changed, and replaces what was triggered', async () => {
    given.text = 'two';
    given.trigger = 'b';
    expect(await change('up')).toMatchObject({ update: 2, replace: 1 });
    const outputs = JSON.parse(await run('stack', 'output', '--json', '--show-secrets'));
    expect(outputs.outputs.made).toBe('was: made one');
    expect(await readFile(at('copied/text'), 'utf8')).toBe('two');
    expect(await readFile(at('deleted'), 'utf8')).toBe('far\n');
  });

  it('ends the remote command when the user cancels, and goes on with the next update', async () => {
    const { engine, output } = await startSlowUpdate();
    engine.kill('SIGINT');
    expect(await output).toContain('cancelled by the user: ended by SIGTERM on 127.0.0.1');
    await expectRemoteCommandEnded();
    given.command = 'true';
    expect(await change('up')).toMatchObject({ same: 4 });
  });

  it('ends the remote command when the engine is killed, and goes on with the next update', async () => {
    const { engine, output } = await startSlowUpdate();
    engine.kill('SIGKILL');
    await output;
    await expectRemoteCommandEnded();
    await run('cancel', '--yes');
    given.command = 'echo done';
    expect(await change('up')).toMatchObject({ update: 1 });
  });

  it('ends a create that takes longer than its customTimeouts', async () => {
    Object.assign(given, { command: 'sleep 300', trigger: 'c', timeout: '2s' });
    await expect(change('up')).rejects.toThrow(
      "not done within the resource's timeout of 2 s: ended by SIGTERM",
    );
    Object.assign(given, { command: 'true', trigger: 'd' });
    expect(await change('up')).toMatchObject({ replace: 1 });
  });

  it('destroys with the delete commands', async () => {
    expect(await change('destroy')).toEqual({ delete: 4 });
    await expect(access(at('made'))).rejects.toThrow('ENOENT');
  });
});
