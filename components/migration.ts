import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { MigrationOutcome } from '../migration/contract/stack-outputs.ts';

/** The Podmigration's spec, as far as the stack's own migrations use it (contract: migration/contract). */
export interface MigrationArgs {
  namespace: pulumi.Input<string>;
  /** Names the run: another id is another object, so the migration runs again; the same id does nothing. */
  runId: string;
  action: 'live-migration' | 'checkpoint' | 'restore';
  sourcePod?: pulumi.Input<string>;
  /** Node to move to or restore on; absent: the scheduler chooses, never the source node. */
  destHost?: string;
  snapshotPath?: pulumi.Input<string>;
  replicas?: number;
  template?: object;
}

/** How long a migration may take before the engine gives up waiting, in seconds. */
const TIMEOUT_SECONDS = 180;

interface Status {
  sourcePod?: string;
  sourceNode?: string;
  targetPod?: string;
  targetNode?: string;
  restoredPods?: string[];
  phases?: { name: string; startedAt: string; ms: number }[];
  freezeMs?: number;
  totalMs?: number;
  bytes?: number;
  checkpointPath?: string;
}

/** One run of one migration action: a Podmigration object, awaited until the operator says it is complete. */
export class Migration extends pulumi.ComponentResource {
  readonly outcome: pulumi.Output<MigrationOutcome>;

  constructor(name: string, args: MigrationArgs, opts: pulumi.ComponentResourceOptions) {
    super('podferry:migration:Migration', name, {}, opts);
    const { namespace, runId, ...spec } = args;
    const object = new k8s.apiextensions.CustomResource(
      name,
      {
        apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
        kind: 'Podmigration',
        metadata: {
          name: `${name}-${runId}`,
          namespace,
          annotations: {
            'pulumi.com/waitFor': 'condition=Complete',
            'pulumi.com/timeoutSeconds': String(TIMEOUT_SECONDS),
            // The garbage collector takes up to 30 s to hear of a new kind, and foreground deletion waits for it.
            'pulumi.com/deletionPropagationPolicy': 'background',
          },
        },
        spec,
        // Declared without a value, the SDK gives it out: the engine returns the live object, status included.
        status: undefined,
      },
      { parent: this, customTimeouts: { create: `${TIMEOUT_SECONDS}s` } },
    ) as k8s.apiextensions.CustomResource & { readonly status: pulumi.Output<Status | undefined> };
    this.outcome = object.status.apply(outcomeOf);
    this.registerOutputs({ outcome: this.outcome });
  }
}

/** What the stack's outputs say of a migration, read off its status. */
export function outcomeOf(status: Status | undefined): MigrationOutcome {
  const s = status ?? {};
  return {
    pod: s.targetPod ?? s.restoredPods?.[0] ?? s.sourcePod ?? '',
    from: s.sourceNode ?? '',
    to: s.targetNode ?? s.sourceNode ?? '',
    phases: (s.phases ?? []).map(({ name, startedAt, ms }) => ({ name, startedAt, ms })),
    freezeMs: s.freezeMs ?? null,
    totalMs: s.totalMs ?? null,
    bytes: s.bytes ?? null,
    checkpointPath: s.checkpointPath ?? null,
  };
}
