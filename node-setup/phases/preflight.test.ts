import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostChecks } from '../preflight/checks.ts';
import { exampleContext, exampleLab } from '../testing.ts';
import { preflight, preflightOutput } from './preflight.ts';
import { has, runLocally } from './run-locally.ts';

const lab = exampleLab();
const nowhere = { ...(lab.hosts[1] ?? lab.hosts[0]), address: '192.0.2.77' } as (typeof lab.hosts)[number];

describe.skipIf(!has('flock'))('the checks of a host', { timeout: 30_000 }, () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'podferry-preflight-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('say all that is wrong at once, each by the name of its check', () => {
    const { status, stdout, stderr } = runLocally(preflight, exampleContext(lab, nowhere), root);
    const { checks, facts } = preflightOutput.parse(JSON.parse(stdout));
    expect(facts.processors).toBeGreaterThan(0);
    const address = checks.find((check) => check.name === 'Address');
    expect(address).toEqual({
      name: 'Address',
      level: 'error',
      message: 'no interface of this host has the address 192.0.2.77',
    });
    expect(stderr).toContain('[error Address]: no interface');
    expect(status).toBe(1);
  });

  it('miss an IPv6 address that a dual-stack lab gives a host', () => {
    const ipv6 = { address: '2001:db8::77', podCidr: 'fd00:10:244:1::/64' };
    const { stdout } = runLocally(preflight, exampleContext(lab, { ...nowhere, ipv6 }), root);
    const { checks } = preflightOutput.parse(JSON.parse(stdout));
    expect(checks.find((check) => check.name === 'IPv6')).toMatchObject({
      level: 'error',
      message: 'no interface of this host has the address 2001:db8::77',
    });
  });

  it('can be ignored by name, and say so', () => {
    const ignoring = { ...lab, ignoredChecks: hostChecks.map((check) => check.name) };
    const { status, stdout } = runLocally(preflight, exampleContext(ignoring, nowhere), root);
    const { checks } = preflightOutput.parse(JSON.parse(stdout));
    expect(checks.find((check) => check.name === 'Address')?.level).toBe('ignored');
    expect(status).toBe(0);
  });
});
