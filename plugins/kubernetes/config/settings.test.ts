import { describe, expect, it, vi } from 'vitest';
import { Secret, unknown } from '../../protocol/values.ts';
import { diffConfig } from './diff-config.ts';
import { activeContext, parseKubeconfig } from './kubeconfig.ts';
import { checkSettings, isClusterUnknown, parseSettings } from './settings.ts';

const kubeconfig = (server: string, user: object = { token: 't' }) =>
  JSON.stringify({
    'current-context': 'c',
    clusters: [{ name: 'k', cluster: { server } }],
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u', namespace: 'team' } }],
    users: [{ name: 'u', user }],
  });

describe('settings', () => {
  it('take booleans as texts, as the SDK sends them, and secrets', () => {
    const settings = parseSettings({
      deleteUnreachable: 'true',
      enableSecretMutable: true,
      kubeconfig: new Secret('k'),
      namespace: '',
    });
    expect(settings).toMatchObject({
      deleteUnreachable: true,
      enableSecretMutable: true,
      kubeconfig: 'k',
      namespace: undefined,
    });
  });

  it('fall back to environment variables', () => {
    vi.stubEnv('PULUMI_K8S_DELETE_UNREACHABLE', 'true');
    expect(parseSettings({}).deleteUnreachable).toBe(true);
    expect(parseSettings({ deleteUnreachable: 'false' }).deleteUnreachable).toBe(false);
    vi.unstubAllEnvs();
  });

  it.each([
    [{ renderYamlToDirectory: 'out' }, 'renderYamlToDirectory'],
    [{ helmReleaseSettings: '{}' }, 'helmReleaseSettings'],
    [{ enableServerSideApply: 'false' }, 'enableServerSideApply'],
    [{ deleteUnreachable: 'perhaps' }, 'deleteUnreachable'],
  ])('refuse %j by name', (args, property) => {
    expect(checkSettings(args)).toMatchObject([{ property }]);
    expect(() => parseSettings(args)).toThrow(`kubernetes provider: ${property}: `);
  });

  it('accept what is not known yet', () => {
    expect(checkSettings({ kubeconfig: unknown, deleteUnreachable: unknown })).toEqual([]);
    expect(isClusterUnknown({ kubeconfig: new Secret(unknown) })).toBe(true);
    expect(isClusterUnknown({ kubeconfig: 'x' })).toBe(false);
  });
});

describe('kubeconfig', () => {
  it('gives the server, the namespace and the way to authenticate', async () => {
    const { credentials, namespace } = activeContext(
      parseKubeconfig(kubeconfig('https://127.0.0.1:6443')),
      {},
    );
    expect(credentials.server.port).toBe('6443');
    expect(namespace).toBe('team');
    expect(await credentials.authorization?.(false)).toBe('Bearer t');
  });

  it('authenticates with a password, or with the token of a credential plugin', async () => {
    const basic = activeContext(
      parseKubeconfig(kubeconfig('https://h', { username: 'a', password: 'b' })),
      {},
    );
    expect(await basic.credentials.authorization?.(false)).toBe('Basic YTpi');
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: ['-e', 'console.log(JSON.stringify({status:{token:process.env.T}}))'],
      env: [{ name: 'T', value: 'from-plugin' }],
    };
    const plugin = activeContext(parseKubeconfig(kubeconfig('https://h', { exec })), {});
    expect(await plugin.credentials.authorization?.(false)).toBe('Bearer from-plugin');
  });

  it.each([
    ['no such file', 'kubeconfig is neither a readable file nor the text of one'],
    ['a: [', 'kubeconfig is neither YAML nor JSON'],
    [kubeconfig('ftp://h'), 'clusters[0].cluster.server'],
  ])('refuses %s without repeating what is in it', (content, message) => {
    expect(() => parseKubeconfig(content)).toThrow(message);
  });

  it('names a context or cluster that is missing', () => {
    const config = parseKubeconfig(kubeconfig('https://h'));
    expect(() => activeContext(config, { context: 'other' })).toThrow('kubeconfig has no context "other"');
    expect(() => activeContext(config, { cluster: 'other' })).toThrow('kubeconfig has no cluster "other"');
  });
});

describe('diffConfig', () => {
  const one = { kubeconfig: kubeconfig('https://one'), namespace: 'a' };
  const two = { ...one, kubeconfig: kubeconfig('https://two') };
  const kinds = (result: ReturnType<typeof diffConfig>) =>
    Object.fromEntries(Object.entries(result.detailed ?? {}).map(([path, { kind }]) => [path, kind]));

  it('sees no change in equal arguments', () => {
    expect(diffConfig(one, { ...one })).toEqual({ changes: false });
  });

  it('replaces for another cluster, not for other credentials', () => {
    expect(kinds(diffConfig(one, two))).toEqual({ kubeconfig: 'update-replace' });
    const renewed = { ...one, kubeconfig: kubeconfig('https://one', { token: 'new' }) };
    expect(kinds(diffConfig(one, renewed))).toEqual({ kubeconfig: 'update' });
  });

  it('leaves the decision to clusterIdentifier where there is one', () => {
    const id = (args: object, clusterIdentifier: string) => ({ ...args, clusterIdentifier });
    expect(kinds(diffConfig(id(one, 'a'), id(two, 'a')))).toEqual({ kubeconfig: 'update' });
    expect(kinds(diffConfig(id(one, 'a'), id(one, 'b')))).toEqual({ clusterIdentifier: 'update-replace' });
    expect(kinds(diffConfig(id(one, 'a'), id({ ...one, kubeconfig: unknown }, 'a')))).toEqual({
      kubeconfig: 'update',
    });
  });

  it('expects the worst of a kubeconfig that is not known yet', () => {
    expect(kinds(diffConfig(one, { ...one, kubeconfig: unknown }))).toEqual({ kubeconfig: 'update-replace' });
  });
});
