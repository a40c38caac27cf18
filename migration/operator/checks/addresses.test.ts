import { describe, expect, it } from 'vitest';
import { failures, runChecks } from '../../contract/verdict.ts';
import { node } from '../../kube/objects.ts';
import { addresses, whyNotKept } from './addresses.ts';
import { facts } from './testing.ts';

const worker = node.parse({ metadata: { name: 'worker1' } });
const leaving = node.parse({ metadata: { name: 'worker1', labels: { 'podferry.dev/leaving': 'true' } } });
const withHostPort = { spec: { containers: [{ name: 'app', ports: [{ hostPort: 80 }] }] } };

describe('the address of a pod', () => {
  it.each([
    ['an ordinary pod', {}, worker, undefined],
    ['a pod with a host port', withHostPort, worker, 'HostPorts'],
    ['a pod whose node is being removed', {}, leaving, 'HomeStays'],
  ])('goes along with %s, unless a check has a word against it', (_, changes, source, name) => {
    const checks = runChecks(addresses, { ...facts(changes), address: 'keep', source });
    expect(failures(checks).map((check) => check.name)).toEqual(name === undefined ? [] : [name]);
    expect(whyNotKept(checks) === undefined).toBe(name === undefined);
  });

  it('is of no concern where the pod gets a new one', () => {
    const checks = runChecks(addresses, { ...facts(withHostPort), address: 'new', source: leaving });
    expect(failures(checks)).toEqual([]);
  });
});
