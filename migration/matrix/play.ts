import { setTimeout as sleep } from 'node:timers/promises';
import { isFinal, type PodmigrationStatus, podmigrationStatus } from '../contract/podmigration.ts';
import * as failpoints from './failpoints.ts';
import type { Cell, Outcome, Undo } from './faults.ts';
import type { Ledger } from './ledger.ts';
import type { MatrixLab, Scene } from './matrix-lab.ts';
import { endOf } from './points.ts';
import { remains } from './remains.ts';
import type { Subject, SubjectPod } from './subject.ts';

const REACH_SECONDS = 60;
const SETTLE_SECONDS = 180;
const LOOK_MS = 500;

/** What a cell came to. `faults` empty: all that must hold holds. */
export interface Played {
  outcome: 'stayed' | 'moved';
  /** The step that failed and why, in the status' own words. */
  words: string;
  acknowledged: number;
  faults: string[];
}

/** The cell's move from its beginning to its end, then everything that must hold. */
export async function play(
  lab: MatrixLab,
  subject: Subject,
  ledger: Ledger,
  { fault, point }: Cell,
): Promise<Played> {
  const before = await onlyPod(subject);
  const workers = lab.outputs.nodes.filter(({ role }) => role === 'worker').map(({ name }) => name);
  const target = workers.find((name) => name !== before.node) ?? '';
  const scene: Scene = { lab, source: before.node, target, migration: '', namespace: subject.namespace };
  const undos: Undo[] = [];
  await ledger.start();
  try {
    const node = endOf(point) === 'source' ? scene.source : scene.target;
    const undoArranged = await fault.arrange?.(scene);
    if (undoArranged) undos.push(undoArranged);
    const holds = fault.strike !== undefined || fault.step === 'fails';
    if (holds) await failpoints.set(lab, node, point, fault.step === 'fails' ? 'fail' : 'wait');
    scene.migration = await subject.migrate({
      sourcePod: before.name,
      destHost: target,
      freezeDeadlineSeconds: 30,
      ...fault.spec,
    });
    if (fault.strike) {
      await failpoints.reached(lab, node, point, REACH_SECONDS);
      const undo = await fault.strike(scene);
      if (undo) undos.push(undo);
      // A host that is off holds nothing.
      await failpoints.clear(lab, node).catch(() => undefined);
      await sleep(fault.lastsMs ?? 0);
    }
  } finally {
    for (const undo of undos.reverse()) await undo();
  }
  const status = await settled(subject, scene.migration);
  return judge(scene, subject, ledger, status, fault.outcome(point));
}

/** Waits until nothing moves any more, and looks. */
async function judge(
  scene: Scene,
  subject: Subject,
  ledger: Ledger,
  status: PodmigrationStatus | undefined,
  expected: Outcome,
): Promise<Played> {
  const found: string[] = [];
  const pod = await onlyPod(subject).catch((error: Error) => {
    found.push(error.message);
    return undefined;
  });
  await ledger.stop();
  const outcome = pod?.node === scene.target ? 'moved' : 'stayed';
  if (pod && pod.restarts > 0) found.push(`${pod.name} was started ${pod.restarts} times anew`);
  if (expected !== 'either' && outcome !== expected)
    found.push(`the pod ${outcome}; it should have ${expected}`);
  const { acknowledged, lost } = await ledger.audit().catch(() => ({ acknowledged: 0, lost: Number.NaN }));
  if (lost !== 0) found.push(`${lost} of ${acknowledged} acknowledged writes lost`);
  if (acknowledged === 0) found.push('no write was acknowledged: nothing was proved');
  found.push(...(await nothingLeft(scene.lab)));
  const words = status?.error ? `${status.error.step}: ${status.error.message}` : '';
  if (status && outcome === 'stayed' && words === '')
    found.push('the status does not say why the pod stayed');
  if (status) found.push(...(await untold(subject, scene.migration, outcome)));
  return { outcome, words, acknowledged, faults: found };
}

async function onlyPod(subject: Subject): Promise<SubjectPod> {
  const pods = await until(
    () => subject.pods(),
    ([first, ...others]) => first?.ready === true && others.length === 0,
  );
  const [pod] = pods;
  if (pod === undefined || pods.length > 1 || !pod.ready)
    throw new Error(`not exactly one pod that is Ready: ${JSON.stringify(pods)}`);
  return pod;
}

/** The status at the end; undefined when the Podmigration was deleted and is gone. */
async function settled(subject: Subject, name: string): Promise<PodmigrationStatus | undefined> {
  const read = async (): Promise<PodmigrationStatus | undefined> => {
    const text = await subject.kubectl(['get', 'podmigration', name, '--ignore-not-found', '-o', 'json']);
    if (text.trim() === '') return undefined;
    return podmigrationStatus.parse(JSON.parse(text).status ?? {});
  };
  const status = await until(read, (now) => now === undefined || isFinal(now.state));
  if (status && !isFinal(status.state))
    throw new Error(`${name} is still ${status.state} after ${SETTLE_SECONDS} s`);
  return status;
}

/** What is removed may take a moment longer than the status. */
const nothingLeft = (lab: MatrixLab): Promise<string[]> =>
  until(
    () => remains(lab),
    (left) => left.length === 0,
    30,
  );

/** An event has to tell how it ended. */
async function untold(subject: Subject, name: string, outcome: Played['outcome']): Promise<string[]> {
  const fields = ['-o', `jsonpath={range .items[?(@.regarding.name=="${name}")]}{.type}{"\\n"}{end}`];
  const types = await subject.kubectl(['get', 'events.v1.events.k8s.io', ...fields]);
  return outcome === 'stayed' && !types.includes('Warning') ? ['no event tells that the move failed'] : [];
}

/** The first answer that is good, or the last one. An API server that hangs or starts anew is asked again. */
async function until<T>(
  ask: () => Promise<T>,
  good: (answer: T) => boolean,
  seconds = SETTLE_SECONDS,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const late = Date.now() > end;
    const asked = await ask().then(
      (answer) => ({ answer }),
      (error: unknown) => ({ error }),
    );
    if ('answer' in asked && (late || good(asked.answer))) return asked.answer;
    if ('error' in asked && late) throw asked.error;
    await sleep(LOOK_MS);
  }
}
