import type { SmokeLab } from './lab.ts';

const NAME = 'smoke-dashboard';

/** What Kubernetes' role `edit` lacks: nodes belong to no namespace. */
const rules = [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }];

/** A user of the dashboard with `edit` and the board of nodes, which is enough for all of it, and one with no rights. */
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
    const binding = (name: string, roleName: string) => ({
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: roleName },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace }],
    });
    const items = [
      ...[account(NAME), account(`${NAME}-powerless`)],
      ...[role, binding(NAME, NAME), binding(`${NAME}-edit`, 'edit')],
    ];
    await this.#lab.apply(...items);
    this.token = await this.#tokenOf(NAME);
    this.powerlessToken = await this.#tokenOf(`${NAME}-powerless`);
  }

  async remove(): Promise<void> {
    const objects = [
      `serviceaccount/${NAME}`,
      `serviceaccount/${NAME}-powerless`,
      `clusterrole/${NAME}`,
      `clusterrolebinding/${NAME}`,
      `clusterrolebinding/${NAME}-edit`,
    ];
    await this.#lab.kubectl(['delete', ...objects, '--ignore-not-found', '--timeout=60s']);
  }

  async #tokenOf(name: string): Promise<string> {
    return (await this.#lab.kubectl(['create', 'token', name, '--duration=1h'])).trim();
  }
}
