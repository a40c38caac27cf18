import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InitFailedError } from '../protocol/errors.ts';
import type { Context, CreateResult } from '../protocol/provider.ts';
import { type PropertyMap, Secret, unknown } from '../protocol/values.ts';
import { patchTypes } from './api/client.ts';
import { toObject } from './object/properties.ts';
import { at, listAt, type Tree, textAt } from './object/tree.ts';
import { KubernetesProvider } from './provider.ts';
import { startTestCluster, type TestCluster } from './test-cluster.ts';

/** The provider against a real API server with its controllers; pods do not run, so the tests report their status. */
describe('the kubernetes provider with a real API server', () => {
  let cluster: TestCluster;
  let provider: KubernetesProvider;
  const { signal } = new AbortController();

  beforeAll(async () => {
    cluster = await startTestCluster();
    provider = await providerWith({});
  });
  afterAll(async () => {
    await provider?.close();
    await cluster?.stop();
  });

  async function providerWith(settings: PropertyMap): Promise<KubernetesProvider> {
    const made = new KubernetesProvider();
    await made.configure({ kubeconfig: new Secret(cluster.kubeconfig), ...settings });
    return made;
  }

  /** One resource of a program, as the engine would carry it through its life. */
  class Resource {
    readonly messages: string[] = [];
    private readonly identity: { urn: string; type: string; name: string };
    private readonly served: KubernetesProvider;
    private inputs: PropertyMap = {};
    private state: CreateResult = { id: '', outputs: {} };

    constructor(type: string, name: string, served = provider) {
      this.identity = { urn: `urn:pulumi:dev::test::${type}::${name}`, type, name };
      this.served = served;
    }

    context(cancel: AbortSignal = signal): Context {
      return { signal: cancel, log: (_severity, message) => this.messages.push(message) };
    }

    get live(): Tree {
      return toObject(this.state.outputs);
    }

    async check(news: PropertyMap): Promise<PropertyMap> {
      const seed = Buffer.from('seed');
      const request = { ...this.identity, olds: this.inputs, news, randomSeed: seed };
      const result = await this.served.check(request, this.context());
      expect(result.failures ?? []).toEqual([]);
      return result.inputs;
    }

    async create(news: PropertyMap, preview = false, cancel = signal): Promise<void> {
      const inputs = await this.check(news);
      const create = this.served.create({ ...this.identity, inputs, preview }, this.context(cancel));
      const result = await this.keeping(create);
      if (!preview) this.inputs = inputs;
      this.state = result;
    }

    async diff(news: PropertyMap) {
      const request = {
        ...this.identity,
        id: this.state.id,
        olds: this.state.outputs,
        oldInputs: this.inputs,
        ignoreChanges: [],
      };
      return this.served.diff({ ...request, news: await this.check(news) });
    }

    async update(news: PropertyMap, preview = false): Promise<void> {
      const checked = await this.check(news);
      const request = {
        ...this.identity,
        id: this.state.id,
        olds: this.state.outputs,
        oldInputs: this.inputs,
        ignoreChanges: [],
      };
      const { outputs } = await this.served.update({ ...request, news: checked, preview }, this.context());
      this.inputs = checked;
      this.state = { id: this.state.id, outputs };
    }

    async refresh(): Promise<string> {
      const request = {
        ...this.identity,
        id: this.state.id,
        properties: this.state.outputs,
        inputs: this.inputs,
      };
      const result = await this.served.read(request, this.context());
      this.inputs = result.inputs;
      this.state = { id: result.id, outputs: result.outputs };
      return result.id;
    }

    async delete(): Promise<void> {
      const request = {
        ...this.identity,
        id: this.state.id,
        properties: this.state.outputs,
        oldInputs: this.inputs,
      };
      await this.served.delete(request, this.context());
    }

    /** Like the engine, keeps the state of what was made but is not as it should be. */
    private async keeping(operation: Promise<CreateResult>): Promise<CreateResult> {
      return operation.catch((error: unknown) => {
        if (error instanceof InitFailedError) this.state = { id: error.id, outputs: error.outputs };
        throw error;
      });
    }
  }

  const get = (path: string) => cluster.api.request({ method: 'GET', path, signal });
  const patch = (path: string, manager: string, body: Tree) =>
    cluster.api.request({
      method: 'PATCH',
      path,
      query: { fieldManager: manager },
      contentType: 'application/merge-patch+json',
      body,
      signal,
    });
  const configMap = (name: string, data: Record<string, string>, rest: PropertyMap = {}): PropertyMap => ({
    metadata: { name, ...rest },
    data,
  });

  it('creates, changes, and removes what the program does not mention any more', async () => {
    const map = new Resource('kubernetes:core/v1:ConfigMap', 'map');
    await map.create(configMap('map', { a: '1', b: '2' }));
    expect(map.live).toMatchObject({ metadata: { namespace: 'default' }, data: { a: '1', b: '2' } });
    expect((await map.diff(configMap('map', { a: '1', b: '2' }))).changes).toBe(false);
    await map.update(configMap('map', { a: '3' }));
    expect((await get('/api/v1/namespaces/default/configmaps/map')).data).toEqual({ a: '3' });
    await map.delete();
    await expect(get('/api/v1/namespaces/default/configmaps/map')).rejects.toThrow('HTTP 404');
    await map.delete();
  });

  it('previews on the server without keeping anything', async () => {
    const service = new Resource('kubernetes:core/v1:Service', 'preview');
    await service.create({ metadata: { name: 'preview' }, spec: { ports: [{ port: 80 }] } }, true);
    expect(at(service.live, 'spec', 'type')).toBe('ClusterIP');
    expect(at(service.live, 'spec', 'clusterIP')).toBe(unknown);
    await expect(get('/api/v1/namespaces/default/services/preview')).rejects.toThrow('HTTP 404');
    const wrong = new Resource('kubernetes:core/v1:Service', 'wrong');
    await expect(wrong.create({ spec: { ports: [{ port: 0 }] } }, true)).rejects.toThrow(
      /spec\.ports\[0\]\.port/,
    );
  });

  it('does not take over what exists, unless told to', async () => {
    await new Resource('kubernetes:core/v1:ConfigMap', 'first').create(configMap('taken', { a: '1' }));
    const second = new Resource('kubernetes:core/v1:ConfigMap', 'second');
    await expect(second.create(configMap('taken', { a: '2' }))).rejects.toThrow(
      'ConfigMap default/taken already exists',
    );
    const upserting = await providerWith({ upsertExistingObjects: 'true', enablePatchForce: 'true' });
    await new Resource('kubernetes:core/v1:ConfigMap', 'third', upserting).create(
      configMap('taken', { a: '3' }),
    );
    expect((await get('/api/v1/namespaces/default/configmaps/taken')).data).toEqual({ a: '3' });
    await upserting.close();
  });

  it('names the other owner of a field, and takes it over on demand', async () => {
    const map = new Resource('kubernetes:core/v1:ConfigMap', 'shared');
    await map.create(configMap('shared', { a: '1' }));
    await patch('/api/v1/namespaces/default/configmaps/shared', 'somebody', { data: { a: 'theirs' } });
    await expect(map.update(configMap('shared', { a: '2' }))).rejects.toThrow(
      /\.data\.a: conflict with "somebody"/,
    );
    await map.update(configMap('shared', { a: '2' }, { annotations: { 'pulumi.com/patchForce': 'true' } }));
    expect(at(map.live, 'data', 'a')).toBe('2');
  });

  it('shows what others have changed, and notices what they have deleted', async () => {
    const map = new Resource('kubernetes:core/v1:ConfigMap', 'drift');
    const wanted = configMap('drift', { a: '1' });
    await map.create(wanted);
    expect(await map.refresh()).toBe('default/drift');
    expect((await map.diff(wanted)).changes).toBe(false);
    await patch('/api/v1/namespaces/default/configmaps/drift', 'somebody', { data: { a: '2', extra: 'x' } });
    await map.refresh();
    expect((await map.diff(wanted)).detailed).toEqual({
      'data.a': { kind: 'update-replace', inputDiff: true },
    });
    await cluster.api.request({
      method: 'DELETE',
      path: '/api/v1/namespaces/default/configmaps/drift',
      signal,
    });
    expect(await map.refresh()).toBe('');
  });

  it('waits for a custom resource as its annotation says, and keeps the state when the time is up', async () => {
    const names = { kind: 'Gadget', plural: 'gadgets' };
    const schema = { openAPIV3Schema: { type: 'object', x_kubernetes_preserve_unknown_fields: true } };
    const versions = [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema }];
    const definition = new Resource('kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition', 'gadgets');
    await definition.create({
      metadata: { name: 'gadgets.example.com' },
      spec: { group: 'example.com', scope: 'Namespaced', names, versions },
    });

    const notes = (seconds: string) => ({
      'pulumi.com/waitFor': '["jsonpath={.status.phase}=Done","condition=Ready"]',
      'pulumi.com/timeoutSeconds': seconds,
      // In the foreground it would wait for the garbage collector, which looks for new kinds every 30 s only.
      'pulumi.com/deletionPropagationPolicy': 'background',
    });
    const wanted = (seconds: string) => ({
      metadata: { name: 'g', annotations: notes(seconds) },
      spec: { size: 1 },
    });
    const gadget = new Resource('kubernetes:example.com/v1:Gadget', 'g');
    await expect(gadget.create(wanted('1'))).rejects.toThrow(
      /Gadget default\/g was created, but is not ready: timed out after 1 s\nwaiting for \{\.status\.phase\}=Done: nothing there yet/,
    );
    const path = '/apis/example.com/v1/namespaces/default/gadgets/g/status';
    gadget.messages.length = 0;
    const updating = gadget.update(wanted('60'));
    await expect.poll(() => gadget.messages.join('\n'), { timeout: 30_000 }).toContain('nothing there yet');
    await patch(path, 'operator', {
      status: { phase: 'Done', conditions: [{ type: 'Ready', status: 'False' }] },
    });
    await patch(path, 'operator', { status: { conditions: [{ type: 'Ready', status: 'True' }] } });
    await updating;
    expect(at(gadget.live, 'status', 'phase')).toBe('Done');
    await gadget.delete();
    await definition.delete();
  });

  it('waits for a Deployment, and gives the reasons of its pods when cancelled', async () => {
    const template = {
      metadata: { labels: { app: 'd' } },
      spec: { containers: [{ name: 'c', image: 'x' }] },
    };
    const wanted = {
      metadata: { name: 'd' },
      spec: { replicas: 1, selector: { matchLabels: { app: 'd' } }, template },
    };
    const deployment = new Resource('kubernetes:apps/v1:Deployment', 'd');
    const controller = new AbortController();
    const creating = deployment.create(wanted, false, controller.signal);
    const pods = '/api/v1/namespaces/default/pods';
    const firstPod = async () => textAt(listAt(await get(pods), 'items')[0], 'metadata', 'name');
    await expect.poll(firstPod, { timeout: 30_000 }).not.toBe('');
    const pod = await firstPod();
    const waiting = { reason: 'ErrImageNeverPull', message: 'no such image' };
    const containerStatuses = [
      { name: 'c', ready: false, restartCount: 0, image: 'x', imageID: '', state: { waiting } },
    ];
    await patch(`${pods}/${pod}/status`, 'kubelet', { status: { phase: 'Pending', containerStatuses } });
    await expect
      .poll(() => deployment.messages.join('\n'), { timeout: 30_000 })
      .toContain('ErrImageNeverPull: no such image');
    controller.abort(new Error('cancelled by the user'));
    const error = await creating.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(InitFailedError);
    expect(error).toMatchObject({
      reasons: expect.arrayContaining([
        'Deployment default/d was created, but is not ready: cancelled by the user',
        `Pod ${pod}: container c is waiting: ErrImageNeverPull: no such image`,
      ]),
    });

    const updating = deployment.update(wanted);
    const conditions = ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
      type,
      status: 'True',
    }));
    await patch(`${pods}/${pod}/status`, 'kubelet', {
      status: { phase: 'Running', conditions, containerStatuses: null },
    });
    await updating;
    expect(at(deployment.live, 'status', 'availableReplicas')).toBe(1);
  });

  it('waits until a deleted object is really gone', async () => {
    const map = new Resource('kubernetes:core/v1:ConfigMap', 'held');
    await map.create(configMap('held', {}, { finalizers: ['example.com/hold'] }));
    const deleting = map.delete();
    await expect
      .poll(() => map.messages.join('\n'), { timeout: 30_000 })
      .toContain('held by finalizers: example.com/hold');
    const body = [{ op: 'remove', path: '/metadata/finalizers' }];
    await cluster.api.request({
      method: 'PATCH',
      path: '/api/v1/namespaces/default/configmaps/held',
      contentType: patchTypes.json,
      body,
      signal,
    });
    await deleting;
    await expect(get('/api/v1/namespaces/default/configmaps/held')).rejects.toThrow('HTTP 404');
  });

  it('says that nobody is there, and forgets resources when asked to', async () => {
    const nowhere = cluster.kubeconfig.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1');
    const lost = await providerWith({ kubeconfig: nowhere });
    const map = new Resource('kubernetes:core/v1:ConfigMap', 'lost', lost);
    await expect(map.create(configMap('lost', {}))).rejects.toThrow(/cluster is unreachable: .*ECONNREFUSED/);
    await expect(map.delete()).rejects.toThrow('PULUMI_K8S_DELETE_UNREACHABLE=true');
    const forgetting = await providerWith({ kubeconfig: nowhere, deleteUnreachable: 'true' });
    await new Resource('kubernetes:core/v1:ConfigMap', 'lost', forgetting).delete();
  });
});
