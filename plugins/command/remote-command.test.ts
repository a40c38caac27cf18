import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CancelledError } from '../protocol/errors.ts';
import { type RemoteCommandInputs, remoteCommandSchema } from './inputs.ts';
import { runRemote } from './remote-command.ts';
import { ConnectionPool } from './ssh/pool.ts';
import { startTestServer, type TestServer } from './ssh/test-server.ts';
import { testContext } from './test-context.ts';

const nothing = { stdout: '', stderr: '' };

describe('runRemote', () => {
  let server: TestServer;
  let pool: ConnectionPool;
  beforeEach(async () => {
    server = await startTestServer();
    pool = new ConnectionPool();
  });
  afterEach(async () => {
    await pool.close();
    await server.close();
  });

  function run(command: string, inputs: Partial<RemoteCommandInputs> = {}, previous = nothing) {
    const { port, privateKey, hostKey } = server;
    const connection = { host: '127.0.0.1', port, privateKey, hostKey, dialErrorLimit: 0 };
    const parsed = remoteCommandSchema.parse({ connection, ...inputs });
    const context = testContext();
    return { context, result: runRemote(pool, command, parsed, previous, context, (text) => text) };
  }

  it('resolves with both outputs, one newline trimmed, and nothing of its own among them', async () => {
    const { context, result } = run('echo out; echo; echo err >&2');
    await expect(result).resolves.toEqual({ stdout: 'out\n', stderr: 'err' });
    expect(context.messages.sort()).toEqual(['', 'err', 'out']);
  });

  it('gives the command its input, to the end', async () => {
    const stdin = 'line of input\n'.repeat(20_000);
    await expect(run('cat', { stdin, logging: 'none' }).result).resolves.toMatchObject({
      stdout: stdin.slice(0, -1),
    });
    await expect(run('cat').result).resolves.toMatchObject({ stdout: '' });
  });

  it('does not mind a command that leaves its input unread', async () => {
    await expect(run('exit 0', { stdin: 'x'.repeat(1_000_000) }).result).resolves.toEqual(nothing);
  });

  it('passes the environment that the server accepts, and refuses to run without the rest', async () => {
    server.acceptEnv.add('A');
    await expect(run('echo $A', { environment: { A: 'a b' } }).result).resolves.toMatchObject({
      stdout: 'a b',
    });
    await expect(run('echo $A', { environment: { A: 'a', B: 'b' } }).result).rejects.toThrow(
      'could not set environment variable B on 127.0.0.1',
    );
  });

  it('hands over what the last run wrote if the server accepts it', async () => {
    const previous = { stdout: 'before', stderr: '' };
    await expect(run('echo $PULUMI_COMMAND_STDOUT', {}, previous).result).resolves.toEqual(nothing);
    server.acceptEnv.add('PULUMI_COMMAND_STDOUT');
    await expect(run('echo $PULUMI_COMMAND_STDOUT', {}, previous).result).resolves.toMatchObject({
      stdout: 'before',
    });
  });

  it('fails with host, exit code, command and last output', async () => {
    await expect(run('echo before; echo why >&2; exit 7').result).rejects.toThrow(
      new RegExp(
        `^exit status 7 on 127.0.0.1:${server.port}: running "echo before; .*":\n(before\nwhy|why\nbefore)$`,
      ),
    );
  });

  it('knows how a command ended that was over before anybody listened', async () => {
    const endings = Array.from({ length: 24 }, () => run('exit 3').result.catch((error) => error.message));
    for (const ending of await Promise.all(endings)) expect(ending).toMatch(/^exit status 3 on /);
  });

  it('names a long script by its first line only', async () => {
    await expect(run('# first line\nexit 1').result).rejects.toThrow(/running "# first line …"$/);
  });

  it('ends the command on the host when it is cancelled, other process groups too', async () => {
    const { context, result } = run(
      'timeout 60 sh -c \'trap "echo ended; exit" TERM; echo started; sleep 60 & wait\'',
    );
    const ended = expect(result).rejects.toThrow(/^cancelled: ended by SIGTERM on [\s\S]*started(\nended)+$/);
    await context.message('started');
    context.abort(new CancelledError('cancelled'));
    await ended;
  });

  it('ends as many commands at once as a connection carries', async () => {
    const runs = Array.from({ length: 10 }, () => run('echo started; sleep 60'));
    const ended = Promise.all(
      runs.slice(0, 8).map(({ result }) => expect(result).rejects.toThrow('cancelled: ended by SIGTERM')),
    );
    const waiting = Promise.all(
      runs.slice(8).map(({ result }) => expect(result).rejects.toThrow('cancelled')),
    );
    await Promise.all(runs.slice(0, 8).map(({ context }) => context.message('started')));
    for (const { context } of runs) context.abort(new CancelledError('cancelled'));
    await ended;
    await waiting;
  });

  it('says so when the connection breaks while the command runs', async () => {
    const { context, result } = run('echo started; sleep 60');
    const broken = expect(result).rejects.toThrow(`the connection to 127.0.0.1:${server.port} broke`);
    await context.message('started');
    server.dropConnections();
    await broken;
  });
});
