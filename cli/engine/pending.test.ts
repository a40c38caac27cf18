import { describe, expect, it } from 'vitest';
import { parseStackExport, settlePending } from './pending.ts';

const urn = (name: string, type = 'command:remote:Command') => `urn:pulumi:lab::podferry::${type}::${name}`;

function exported(pending: unknown): string {
  return JSON.stringify({
    version: 3,
    deployment: {
      manifest: { version: 'v3.246.0' },
      resources: [{ urn: urn('done'), type: 'command:remote:Command', custom: true, id: 'x' }],
      pending_operations: pending,
    },
  });
}

const creating = (name: string, type = 'command:remote:Command') => ({
  type: 'creating',
  resource: { urn: urn(name, type), type, custom: true, inputs: { create: 'touch /x', delete: 'rm -f /x' } },
});

describe('operations that were cut short', () => {
  it('are nothing to do when there are none', () => {
    expect(settlePending(parseStackExport(exported(undefined)), true)).toBeUndefined();
    expect(settlePending(parseStackExport(exported([])), false)).toBeUndefined();
  });

  it('are dropped before an update, and everything else is kept', () => {
    const settled = settlePending(parseStackExport(exported([creating('half')])), false);
    expect(settled).toMatchObject({ version: 3, deployment: { manifest: { version: 'v3.246.0' } } });
    expect(settled?.deployment.resources?.map((resource) => resource.urn)).toEqual([urn('done')]);
    expect(settled?.deployment.pending_operations).toEqual([]);
  });

  it('count as done before a destroy, so that their delete script runs', () => {
    const settled = settlePending(parseStackExport(exported([creating('half')])), true);
    expect(settled?.deployment.resources?.at(-1)).toMatchObject({
      urn: urn('half'),
      id: 'interrupted',
      inputs: { delete: 'rm -f /x' },
      outputs: { delete: 'rm -f /x', stdout: '' },
    });
  });

  it('are adopted only where an id can be made up: commands that were being created', () => {
    const other = 'kubernetes:core/v1:Pod';
    const operations = [
      creating('pod', other),
      { ...creating('done'), type: 'updating' },
      { ...creating('done'), type: 'creating' },
    ];
    const settled = settlePending(parseStackExport(exported(operations)), true);
    expect(settled?.deployment.resources?.map((resource) => resource.urn)).toEqual([urn('done')]);
  });
});
