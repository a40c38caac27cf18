import { type Checks, failed, passed, warned } from '../../contract/verdict.ts';
import type { PodFacts } from './pod.ts';
import type { Container, ContainerStatus, PodDetail, Probe } from './pod-detail.ts';

/** Whether the pod's containers are in a state that can be saved and taken up again. */
export const containers: Checks<PodFacts> = {
  EphemeralContainers({ pod }) {
    const names = pod.spec.ephemeralContainers.map(({ name }) => name);
    return names.length === 0
      ? passed()
      : failed(`ephemeral containers cannot be created in another pod: ${names.join(', ')}`);
  },
  ContainersRunning({ pod }) {
    const troubled = [...troubledInit(pod), ...troubledRegular(pod)];
    return troubled.length === 0 ? passed() : failed(troubled.join('; '));
  },
  PostStartHooks({ pod }) {
    const { initContainers, containers } = pod.spec;
    const again = [...initContainers.filter(isSidecar), ...containers].flatMap(({ name, lifecycle }) => {
      const kind = Object.keys(lifecycle.postStart ?? { exec: {} })[0];
      return kind === 'exec' ? [] : [`${name} (${kind})`];
    });
    return again.length === 0
      ? passed()
      : failed(`postStart hooks that would run again on the target: ${again.join(', ')}`);
  },
};

const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

function troubledInit({ spec, status }: PodDetail): string[] {
  return spec.initContainers.flatMap((container) => {
    const found = status.initContainerStatuses.find(({ name }) => name === container.name);
    if (isSidecar(container)) return found?.state.running ? [] : [notRunning(container.name, found)];
    return found?.state.terminated?.exitCode === 0
      ? []
      : [`init container ${container.name} is not finished`];
  });
}

function troubledRegular({ spec, status }: PodDetail): string[] {
  return spec.containers.flatMap(({ name }) => {
    const found = status.containerStatuses.find((s) => s.name === name);
    if (found?.state.running || isOver(found, spec.restartPolicy)) return [];
    return [notRunning(name, found)];
  });
}

/** Whether the kubelet leaves the container as it ended (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy). */
function isOver(found: ContainerStatus | undefined, restartPolicy: string): boolean {
  const ended = found?.state.terminated;
  if (!ended) return false;
  return restartPolicy === 'Never' || (restartPolicy === 'OnFailure' && ended.exitCode === 0);
}

function notRunning(name: string, found: ContainerStatus | undefined): string {
  const { waiting, terminated } = found?.state ?? {};
  const state = waiting?.reason || terminated?.reason || 'not started';
  return `container ${name} does not run: ${state}`;
}

/** What is known once the pod's agent has answered. */
export interface ProbeFacts extends PodFacts {
  /** Memory that a move would carry. */
  memoryBytes: number;
}

/** About what a move takes here: a second, and one more for each GiB of memory. Only for a warning. */
const freezeEstimateMs = (memoryBytes: number): number => 1000 + (memoryBytes / 2 ** 30) * 1000;

/** The kubelet's probes go on against a frozen pod, and fail. */
export const probes: Checks<ProbeFacts> = {
  LivenessProbe({ pod, memoryBytes }) {
    const freezeMs = freezeEstimateMs(memoryBytes);
    const tight = [...pod.spec.initContainers, ...pod.spec.containers].filter(
      ({ livenessProbe }) => livenessProbe && toleranceMs(livenessProbe) < freezeMs,
    );
    if (tight.length === 0) return passed();
    const names = tight.map(
      ({ name, livenessProbe }) => `${name} (${livenessProbe && toleranceMs(livenessProbe)} ms)`,
    );
    return warned(
      `the kubelet may restart what fails its liveness probe while it is frozen, expected for ${Math.round(freezeMs)} ms: ${names.join(', ')}`,
    );
  },
};

/** From the first failed probe to the last one that the kubelet puts up with, in ms. */
const toleranceMs = ({ periodSeconds, failureThreshold }: Probe): number =>
  periodSeconds * (failureThreshold - 1) * 1000;
