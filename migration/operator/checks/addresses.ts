import type { AddressChoice, CheckResult } from '../../contract/agent-api.ts';
import { LEAVING_LABEL } from '../../contract/annotations.ts';
import type { CHECKS } from '../../contract/checks.ts';
import { type Checks, failed, failures, failuresText, passed } from '../../contract/verdict.ts';
import type { Node } from '../../kube/objects.ts';
import type { PodFacts } from './pod.ts';

/** What is known of a pod, and what is to become of its address. */
export interface AddressFacts extends PodFacts {
  address: AddressChoice;
  /** The pod's node. */
  source: Node | undefined;
}

/** Whether the pod is one whose address can go along. */
export const addresses: Checks<AddressFacts> = {
  HostPorts({ pod, address }) {
    const { containers, initContainers } = pod.spec;
    const ports = [...containers, ...initContainers].flatMap((c) =>
      c.ports.flatMap(({ hostPort }) => hostPort ?? []),
    );
    if (address === 'new' || ports.length === 0) return passed();
    return failed(`host port ${ports.join(', ')} leads to the pod on ${pod.spec.nodeName} only`);
  },
  HomeStays({ source, address }) {
    if (address === 'new' || source?.metadata.labels[LEAVING_LABEL] === undefined) return passed();
    return failed(`node ${source.metadata.name} is being removed, and its addresses with it`);
  },
};

const ABOUT_ADDRESS: readonly string[] = [
  'HostPorts',
  'HomeStays',
  'Address',
  'TargetAddress',
] satisfies (keyof typeof CHECKS)[];

/** Of checks that were made for a pod that keeps its address, why it cannot; undefined when it can. */
export function whyNotKept(checks: readonly CheckResult[]): string | undefined {
  const found = failures(checks).filter(({ name }) => ABOUT_ADDRESS.includes(name));
  return found.length > 0 ? failuresText(found) : undefined;
}

/** Checks that were made for a pod that gets another address, with why it does not keep its own. */
export const withReason = (checks: readonly CheckResult[], why: string): CheckResult[] =>
  checks.map((check) =>
    check.name === 'Address' && check.status === 'passed'
      ? { ...check, status: 'warning', message: `the pod gets another address: ${why}` }
      : check,
  );
