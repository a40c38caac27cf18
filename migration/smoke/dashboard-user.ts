import type { SmokeLab } from './lab.ts';

const NAME = 'smoke-dashboard';

const rules = [
  { apiGroups: [''], resources: ['nodes', 'pods', 'events'], verbs: ['get', 'list', 'watch'] },
  {
    apiGroups: ['podmig.dcn.ssu.ac.kr'],
    resources: ['podmigrations'],
    verbs: ['get', 'list', 'watch', 'create', 'delete'],
  },
  { apiGroups: ['podferry.dev'], resources: ['podcheckpoints'], verbs: ['get', 'list', 'watch', 'delete'] },
];

/** A user of the dashboard with the rights that it takes to use all of it, and one with none. */
export class DashboardUser {
  readonly #lab: SmokeLab;
  token = '';
  powerlessToken = '';

  constructor(lab: SmokeLab) {
    this.#lab = lab;
  }

  async create(): Promise<void> {
    const { namespace } = this.#lab;
    const metadata = { name: NAME };
    const account = (name: string) => ({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace },
    });
    const group = 'rbac.authorization.k8s.io';
    const role = { apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata, rules };
    const binding = {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace }],
    };
    const items = [account(NAME), account(`${NAME}-powerless`), role, binding];
    await this.#lab.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    this.token = await this.#tokenOf(NAME);
    this.powerlessToken = await this.#tokenOf(`${NAME}-powerless`);
  }

  async remove(): Promise<void> {
    const objects = [
      `serviceaccount/${NAME}`,
      `serviceaccount/${NAME}-powerless`,
      `clusterrole/${NAME}`,
      `clusterrolebinding/${NAME}`,
    ];
    await this.#lab.kubectl(['delete', ...objects, '--ignore-not-found', '--timeout=60s']);
  }

  async #tokenOf(name: string): Promise<string> {
    return (await this.#lab.kubectl(['create', 'token', name, '--duration=1h'])).trim();
  }
}
