import type {
  CheckRequest,
  CheckResult,
  Context,
  CreateRequest,
  DeleteRequest,
  DiffRequest,
  Provider,
  ProviderConfigDiffRequest,
  ProviderConfigRequest,
  ReadRequest,
  UpdateRequest,
} from '../protocol/provider.ts';
import { hasUnknowns, type PropertyMap, Unknown } from '../protocol/values.ts';
import { ClusterLink } from './config/cluster.ts';
import { diffConfig } from './config/diff-config.ts';
import { checkSettings, isClusterUnknown, parseSettings } from './config/settings.ts';
import { apiVersionOf, type Gvk, gvkOf, namespaceOf } from './object/kube-object.ts';
import { NamingError, withName } from './object/naming.ts';
import { normalized } from './object/normalize.ts';
import { toObject, toProperties, withSecretsOf } from './object/properties.ts';
import { builtInScope } from './object/scopes.ts';
import { isPatch, parseToken } from './object/token.ts';
import { isTree, type Tree, textAt, withValue } from './object/tree.ts';
import { failuresIn, withType } from './operations/check.ts';
import { create } from './operations/create.ts';
import { remove } from './operations/delete.ts';
import { diff } from './operations/diff.ts';
import { read } from './operations/read.ts';
import { update } from './operations/update.ts';

/** Serves the resources of the npm package @pulumi/kubernetes for one cluster. */
export class KubernetesProvider implements Provider {
  readonly name = 'kubernetes';
  /** Version of the official provider whose place this takes, and whose state it reads and writes. */
  readonly version = '4.34.2';
  private link: ClusterLink | undefined;
  private isClusterUnknown = false;

  async checkConfig(request: ProviderConfigRequest): Promise<CheckResult> {
    return { inputs: request.news, failures: checkSettings(request.news) };
  }

  async diffConfig(request: ProviderConfigDiffRequest) {
    return diffConfig(request.olds, request.news);
  }

  async configure(config: PropertyMap): Promise<void> {
    this.isClusterUnknown = isClusterUnknown(config);
    this.link?.close();
    this.link = new ClusterLink(parseSettings(config));
  }

  async check(request: CheckRequest, context: Context): Promise<CheckResult> {
    const gvk = kindOf(request.type);
    const news = withType(toObject(request.news), gvk);
    if (isPatch(gvk.kind, textAt(request.news, 'kind'))) throw refusedPatch(request.type);
    const link = this.linked();
    const reason = this.isClusterUnknown ? undefined : await link.unreachableReason(context.signal);
    if (
      reason !== undefined &&
      link.settings.skipUpdateUnreachable === true &&
      Object.keys(request.olds).length > 0
    ) {
      context.log(
        'warning',
        `the cluster is unreachable and skipUpdateUnreachable is set: skipping (${reason})`,
      );
      return { inputs: request.olds };
    }
    const failures = failuresIn(news, gvk);
    if (failures.length > 0) return { inputs: request.news, failures };
    const olds = Object.keys(request.olds).length > 0 ? toObject(request.olds) : undefined;
    try {
      const named = withName(news, olds, request.name, request.randomSeed);
      const checked = await this.withNamespace(named, reason === undefined, context);
      // Merging a Secret's two maps needs both to be known.
      const inputs = hasUnknowns(request.news) ? checked : normalized(checked);
      return { inputs: withSecretsOf(toProperties(inputs), request.news) };
    } catch (error) {
      if (!(error instanceof NamingError)) throw error;
      return { inputs: request.news, failures: [{ property: error.field, reason: error.message }] };
    }
  }

  async diff(request: DiffRequest) {
    kindOf(request.type);
    return diff(this.linked().settings, request);
  }

  async create(request: CreateRequest, context: Context) {
    kindOf(request.type);
    if (request.preview && this.isClusterUnknown) return { id: '', outputs: request.inputs };
    return create(this.linked(), request, context);
  }

  async read(request: ReadRequest, context: Context) {
    return read(this.linked(), request, kindOf(request.type), context);
  }

  async update(request: UpdateRequest, context: Context) {
    kindOf(request.type);
    if (request.preview && this.isClusterUnknown) return { outputs: request.news };
    return update(this.linked(), request, context);
  }

  async delete(request: DeleteRequest, context: Context) {
    return remove(this.linked(), request, kindOf(request.type), context);
  }

  async close(): Promise<void> {
    this.link?.close();
  }

  private linked(): ClusterLink {
    if (this.link === undefined) throw new Error('the kubernetes provider has not been configured');
    return this.link;
  }

  /** The object with the default namespace where it names none and its kind lives in one. */
  private async withNamespace(object: Tree, reachable: boolean, context: Context): Promise<Tree> {
    const link = this.linked();
    const cluster = reachable && !this.isClusterUnknown ? await link.reachOrNot(context.signal) : undefined;
    const gvk = gvkOf(object);
    if (gvk.kind === 'CustomResourceDefinition') cluster?.discovery.plan(object);
    const { metadata } = object;
    if (!isTree(metadata) || metadata.namespace instanceof Unknown || namespaceOf(object) !== '')
      return object;
    const scope =
      cluster === undefined ? builtInScope(gvk) : await cluster.discovery.scopeOf(gvk, context.signal);
    // A kind that nobody knows yet most likely lives in a namespace; when it does not, the field is dropped.
    return scope === 'cluster' ? object : withValue(object, ['metadata', 'namespace'], link.defaultNamespace);
  }
}

/** @throws Error for types that are not served here, saying why. */
function kindOf(token: string): Gvk {
  const parsed = parseToken(token);
  if (!parsed.ok) throw new Error(parsed.reason);
  if (parsed.gvk.kind.endsWith('List') && parsed.gvk.kind !== 'List') {
    throw new Error(
      `${token}: lists exist for YAML manifests only; use the resource type of ${apiVersionOf(parsed.gvk)} itself`,
    );
  }
  return parsed.gvk;
}

function refusedPatch(token: string): Error {
  return new Error(`${token}: Patch resources need the official kubernetes provider plugin`);
}
