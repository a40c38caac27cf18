/** What a path of the API server's REST interface speaks of (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris). */
export interface ResourcePath {
  /** Empty for the core group. */
  group: string;
  version: string;
  /** Plural, for example `pods`. */
  resource: string;
  /** Undefined for objects without a namespace, and for a collection of all namespaces. */
  namespace: string | undefined;
  /** Undefined for a collection. */
  name: string | undefined;
  /** For example `status`. */
  subresource: string | undefined;
}

/** Reads a path, without query; undefined for one that names no resource. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  const [root, ...rest] = parts;
  const [group, version, ...about] = root === 'api' ? ['', ...rest] : rest;
  if ((root !== 'api' && root !== 'apis') || group === undefined || version === undefined) return undefined;
  const isNamespaced = about[0] === 'namespaces' && about.length > 2;
  const namespace = isNamespaced ? about[1] : undefined;
  const [resource, name, subresource, ...tooMuch] = isNamespaced ? about.slice(2) : about;
  if (!resource || tooMuch.length > 0) return undefined;
  return { group, version, resource, namespace, name, subresource };
}

/** Kubernetes' word for a request, as in RBAC rules (https://kubernetes.io/docs/reference/access-authn-authz/authorization/). */
export function verbOf(method: string, isCollection: boolean, isWatch: boolean): string {
  switch (method) {
    case 'GET':
      if (isWatch) return 'watch';
      return isCollection ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return isCollection ? 'deletecollection' : 'delete';
    default:
      return method.toLowerCase();
  }
}
