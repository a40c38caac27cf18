import { describe, expect, it } from 'vitest';
import { runChecks } from '../../contract/verdict.ts';
import { facts } from './testing.ts';
import { claim, claimsOf, volumes } from './volumes.ts';

const look = (list: object[], claims: [string, object | undefined][] = []) => {
  const known = new Map(claims.map(([name, raw]) => [name, raw && claim.parse(raw)] as const));
  return runChecks(volumes, { ...facts({ spec: { volumes: list } }), claims: known })[0];
};
const withClaim = (raw: object | undefined) =>
  look([{ name: 'data', persistentVolumeClaim: { claimName: 'big' } }], [['big', raw]]);
const modes = (...accessModes: string[]) => ({ spec: { accessModes }, status: { accessModes } });

describe('volumes', () => {
  it.each(['emptyDir', 'configMap', 'secret', 'projected', 'downwardAPI', 'hostPath', 'nfs', 'image'])(
    'of kind %s go along',
    (kind) => {
      expect(look([{ name: 'x', [kind]: {} }])).toMatchObject({ status: 'passed' });
    },
  );

  it.each(['ephemeral', 'csi', 'gitRepo', 'iscsi', 'awsElasticBlockStore'])('of kind %s do not', (kind) => {
    const message = expect.stringContaining(`scratch (${kind})`);
    expect(look([{ name: 'scratch', [kind]: {} }])).toMatchObject({ status: 'failed', message });
  });

  it('in memory go along, of huge pages not', () => {
    expect(look([{ name: 'x', emptyDir: { medium: 'Memory' } }])).toMatchObject({ status: 'passed' });
    expect(look([{ name: 'x', emptyDir: { medium: 'HugePages-2Mi' } }])).toMatchObject({ status: 'failed' });
  });

  it.each([
    ['ReadWriteMany', modes('ReadWriteMany'), 'passed'],
    ['ReadOnlyMany', modes('ReadOnlyMany'), 'passed'],
    ['ReadWriteOnce', modes('ReadWriteOnce'), 'failed'],
    ['ReadWriteOncePod', modes('ReadWriteOncePod'), 'failed'],
    ['several modes, one of them shared', modes('ReadWriteOnce', 'ReadWriteMany'), 'passed'],
    [
      'fewer modes than asked for',
      { spec: { accessModes: ['ReadWriteMany'] }, status: { accessModes: ['ReadWriteOnce'] } },
      'failed',
    ],
    ['block mode', { spec: { accessModes: ['ReadWriteMany'], volumeMode: 'Block' } }, 'failed'],
    ['nothing: it is gone', undefined, 'failed'],
  ])('of a claim with %s', (_, raw, status) => {
    expect(withClaim(raw)).toMatchObject({ status });
  });

  it('that stay behind are all named', () => {
    const found = look([
      { name: 'a', csi: {} },
      { name: 'b', configMap: {} },
      { name: 'c', ephemeral: {} },
    ]);
    expect(found?.message).toMatch(/a \(csi\); c \(ephemeral\)$/);
  });

  it('tell the claims to read', () => {
    const list = [
      { name: 'a', persistentVolumeClaim: { claimName: 'one' } },
      { name: 'b', emptyDir: {} },
    ];
    expect(claimsOf(list)).toEqual(['one']);
  });
});
