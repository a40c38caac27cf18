import { remote } from '@pulumi/command';
import type * as pulumi from '@pulumi/pulumi';
import { type Phase, type PhaseContext, renderPhase } from '../node-setup/phase.ts';
import type { Host } from './lab-hosts.ts';

export interface HostPhaseOptions {
  parent: pulumi.Resource;
  dependsOn: pulumi.Input<pulumi.Resource>[];
  /** What the phase reads on its standard input: values of other resources, which may be secret. */
  stdin?: pulumi.Input<string>;
  /** The phase prints something that must stay encrypted in the stack's state. */
  secretOutput?: boolean;
  /** What takes everything that the phase did with it when it goes; the host's own machine when absent. */
  lifetime?: pulumi.Resource;
}

/**
 * One phase for one host as one resource, so that the tree on screen is the progress and a failed step resumes where
 * it stopped. `update` is the same idempotent script as `create`; `delete` undoes it, unless the host itself goes.
 * `on` is where the scripts run: mostly the host that they are about, sometimes the master on its behalf.
 */
export function hostPhase(
  on: Host,
  phase: Phase,
  context: PhaseContext,
  options: HostPhaseOptions,
): remote.Command {
  const lifetime = options.lifetime ?? on.lifetime;
  return new remote.Command(
    `${context.host.name}-${phase.name}`,
    {
      connection: on.connection,
      ...renderPhase(phase, context),
      ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
      logging: remote.Logging.None,
    },
    {
      parent: options.parent,
      dependsOn: [...on.ready, ...options.dependsOn],
      ...(options.secretOutput ? { additionalSecretOutputs: ['stdout'] } : {}),
      ...(lifetime === undefined ? {} : { deletedWith: lifetime }),
    },
  );
}
