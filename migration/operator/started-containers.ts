import { z } from 'zod';

const probe = z.looseObject({ initialDelaySeconds: z.number().optional() });
const container = z.looseObject({
  name: z.string(),
  restartPolicy: z.string().optional(),
  readinessProbe: probe.optional(),
  startupProbe: probe.optional(),
  lifecycle: z
    .looseObject({
      postStart: z
        .looseObject({ exec: z.looseObject({ command: z.array(z.string()) }).optional() })
        .optional(),
    })
    .optional(),
});
type Container = z.infer<typeof container>;

const lists = z.looseObject({
  containers: z.array(container),
  initContainers: z.array(container).optional(),
});

/**
 * The spec of a pod whose containers have started long ago. Whether they are ready need not wait for them to start. A
 * restartable init container is not asked whether it has started: it stands still until all are restored, and the kubelet starts none
 * after it before it answers (https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/).
 */
export function startedLongAgo(spec: Record<string, unknown>): Record<string, unknown> {
  const { containers, initContainers, ...others } = lists.parse(spec);
  return {
    ...others,
    containers: containers.map(readyAtOnce),
    ...(initContainers && { initContainers: initContainers.map((c) => readyAtOnce(startedSidecar(c))) }),
  };
}

function readyAtOnce({ readinessProbe, ...others }: Container): Container {
  return readinessProbe
    ? { ...others, readinessProbe: { ...readinessProbe, initialDelaySeconds: 0 } }
    : others;
}

function startedSidecar(of: Container): Container {
  if (of.restartPolicy !== 'Always') return of;
  const { startupProbe: _, ...others } = of;
  return others;
}

/** The commands of the exec postStart hooks of these containers: they have run and are not run again. */
export function postStartCommands(
  spec: Record<string, unknown>,
  names: readonly string[],
): Record<string, string[]> {
  const { containers, initContainers = [] } = lists.parse(spec);
  const hooks = [...initContainers, ...containers].flatMap(({ name, lifecycle }) => {
    const command = lifecycle?.postStart?.exec?.command;
    return command && names.includes(name) ? [[name, command] as const] : [];
  });
  return Object.fromEntries(hooks);
}
