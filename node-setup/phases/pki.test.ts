import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVICTIONS_HOST_NAME } from '../../migration/contract/evictions.ts';
import { REST_HOST_NAMES } from '../../migration/contract/rest.ts';
import { exampleContext, exampleLab } from '../testing.ts';
import { agentCa } from './agent-ca.ts';
import { agentCert, agentCertOutput } from './agent-cert.ts';
import { agentKey, agentKeyOutput } from './agent-key.ts';
import { operatorCert, operatorCertOutput } from './operator-cert.ts';
import { has, runLocally } from './run-locally.ts';

const lab = exampleLab();
const contextOf = (name: string) => {
  const host = lab.hosts.find((one) => one.name === name);
  if (host === undefined) throw new Error(name);
  return exampleContext(lab, host);
};
const worker = contextOf('worker1');

describe.skipIf(!has('openssl', 'jq', 'flock'))(
  'the keys of agents and operator',
  { timeout: 30_000 },
  () => {
    const master = mkdtempSync(join(tmpdir(), 'podferry-pki-master-'));
    const node = mkdtempSync(join(tmpdir(), 'podferry-pki-node-'));
    afterAll(() => {
      for (const folder of [master, node]) rmSync(folder, { recursive: true });
    });
    beforeAll(() => {
      expect(runLocally(agentCa, contextOf('master'), master).stderr).toBe('');
    });

    const request = () => runLocally(agentKey, worker, node).stdout;
    const sign = (stdin: string) => runLocally(agentCert, worker, master, { stdin });

    it('make a node’s certificate for its own key, name and address', () => {
      const { cert, ca } = agentCertOutput.parse(JSON.parse(sign(request()).stdout));
      const parsed = new X509Certificate(cert);
      expect(parsed.verify(new X509Certificate(ca).publicKey)).toBe(true);
      expect(parsed.subject).toBe('CN=podferry-agent:worker1');
      expect(parsed.checkIP('10.98.0.11')).toBe('10.98.0.11');
      expect(parsed.checkIP('10.98.0.12')).toBeUndefined();
      expect(parsed.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
      expect(parsed.ca).toBe(false);
    });

    it('answer the same request with the same certificate', () => {
      expect(agentKeyOutput.parse(JSON.parse(request()))).toEqual(JSON.parse(request()));
      expect(sign(request()).stdout).toBe(sign(request()).stdout);
    });

    it('make another certificate for another key', () => {
      const before = sign(request()).stdout;
      runLocally(agentKey, worker, node, { part: 'remove' });
      expect(sign(request()).stdout).not.toBe(before);
    });

    it('refuse what is no request', () => {
      expect(sign('').status).not.toBe(0);
      expect(sign('{"csr":"-----BEGIN CERTIFICATE REQUEST-----"}').status).not.toBe(0);
    });

    it('give the operator a certificate for agents, for the users of its REST API and for its webhook', () => {
      const run = () => runLocally(operatorCert, contextOf('master'), master).stdout;
      const { cert, ca } = operatorCertOutput.parse(JSON.parse(run()));
      const parsed = new X509Certificate(cert);
      expect(parsed.verify(new X509Certificate(ca).publicKey)).toBe(true);
      expect(parsed.subject).toBe('CN=podferry-operator');
      expect(parsed.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1']);
      expect(parsed.checkHost(REST_HOST_NAMES[0] ?? '')).toBeDefined();
      expect(parsed.checkIP(contextOf('master').host.address)).toBeDefined();
      expect(parsed.checkHost(EVICTIONS_HOST_NAME)).toBeDefined();
      expect(run()).toBe(run());
    });
  },
);
