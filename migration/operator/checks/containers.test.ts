import { describe, expect, it } from 'vitest';
import { failures, runChecks } from '../../contract/verdict.ts';
import { containers, probes } from './containers.ts';
import { facts } from './testing.ts';

const running = { running: {} };
const ended = (exitCode: number) => ({
  terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error' },
});
const crashing = { waiting: { reason: 'CrashLoopBackOff' } };

function stateOf(restartPolicy: string, state: object) {
  const containerStatuses = [
    { name: 'app', state: running },
    { name: 'other', state },
  ];
  const spec = { restartPolicy, containers: [{ name: 'app' }, { name: 'other' }] };
  return facts({ spec, status: { containerStatuses } });
}
const initState = (init: object, state: object) =>
  facts({
    spec: { initContainers: [{ name: 'init', ...init }] },
    status: { initContainerStatuses: [{ name: 'init', state }] },
  });
const sidecar = { restartPolicy: 'Always' };

describe('containers', () => {
  it.each([
    ['run', stateOf('Always', running), []],
    ['crash', stateOf('Always', crashing), ['other does not run: CrashLoopBackOff']],
    ['have not been started', stateOf('Always', {}), ['other does not run: not started']],
    ['ended and will be started again', stateOf('Always', ended(0)), ['other does not run: Completed']],
    ['completed for good', stateOf('OnFailure', ended(0)), []],
    ['failed and will be started again', stateOf('OnFailure', ended(1)), ['other does not run: Error']],
    ['failed for good', stateOf('Never', ended(1)), []],
    ['initialised', initState({}, ended(0)), []],
    ['still initialise', initState({}, running), ['init container init is not finished']],
    ['have a sidecar', initState(sidecar, running), []],
    ['have a sidecar that crashes', initState(sidecar, crashing), ['init does not run: CrashLoopBackOff']],
  ])('that %s', (_, about, words) => {
    const found = failures(runChecks(containers, about)).map(({ message }) => message);
    expect(found).toEqual(words.map((word) => expect.stringContaining(word)));
  });

  it.each([
    ['exec', 'passed'],
    ['httpGet', 'failed'],
    ['tcpSocket', 'failed'],
    ['sleep', 'failed'],
  ])('with a postStart hook of kind %s', (kind, status) => {
    const about = facts({
      spec: { containers: [{ name: 'app', lifecycle: { postStart: { [kind]: {} } } }] },
    });
    expect(runChecks(containers, about)).toContainEqual(
      expect.objectContaining({ name: 'PostStartHooks', status }),
    );
  });

  it('that somebody debugs with are named', () => {
    const about = facts({ spec: { ephemeralContainers: [{ name: 'debugger-x' }] } });
    expect(failures(runChecks(containers, about))).toMatchObject([
      { name: 'EphemeralContainers', message: expect.stringContaining('debugger-x') },
    ]);
  });
});

describe('a liveness probe', () => {
  const GIB = 2 ** 30;
  it.each([
    ['by default', {}, 0, 'passed'],
    ['that forgives nothing', { failureThreshold: 1 }, 0, 'warning'],
    ['each second, twice', { periodSeconds: 1, failureThreshold: 3 }, 0, 'passed'],
    [
      'each second, twice, of a pod with memory',
      { periodSeconds: 1, failureThreshold: 3 },
      2 * GIB,
      'warning',
    ],
    ['by default, of a pod with memory', {}, 10 * GIB, 'passed'],
  ])('%s', (_, livenessProbe, memoryBytes, status) => {
    const about = facts({ spec: { containers: [{ name: 'app', livenessProbe }] } });
    expect(runChecks(probes, { ...about, memoryBytes })).toMatchObject([{ status }]);
  });

  it('that is not there bears anything', () => {
    expect(runChecks(probes, { ...facts(), memoryBytes: 2 ** 50 })).toMatchObject([{ status: 'passed' }]);
  });
});
