import { setTimeout as sleep } from 'node:timers/promises';
import { isFinal, type PodmigrationStatus, podmigrationStatus } from '../contract/podmigration.ts';
import { addressFaults } from './address-holds.ts';
import * as failpoints from './failpoints.ts';
import type { Cell, Fault } from './faults.ts';
import type { Ledger } from './ledger.ts';
import type { MatrixLab, Scene } from './matrix-lab.ts';
import { endOf, isBeforeCommit } from './points.ts';
import { remains } from './remains.ts';
import type { Subject, SubjectPod } from './subject.ts';

const REACH_SECONDS = 120;
const SETTLE_SECONDS = 400;
const NODES_SECONDS = 300;
const LOOK_MS = 500;

/** The freeze's deadline of a move, in seconds, where the fault has none of its own. */
const FREEZE_DEADLINE_SECONDS = 30;
/** For clients to find the pod again after the freeze, and for machines to be slow, in ms. */
const PAUSE_MARGIN_MS = 60_000;

/** What a cell came to. `faults` empty: all that must hold holds. */
export interface Played {
  outcome: 'stayed' | 'moved';
  /** The step that failed and why, in the status' own words. */
  words: string;
  acknowledged: number;
  /** The longest time between two acknowledged writes, in ms: of the freeze, the blow and the client's way back. */
  longestPauseMs: number;
  faults: string[];
}

/** The cell's move from its beginning to its end, then everything that must hold. */
export async function play(lab: MatrixLab, subject: Subject, ledger: Ledger, cell: Cell): Promise<Played> {
  const { fault } = cell;
  await nodesReady(lab);
  await failpoints.switchOn(lab);
  const before = await onlyPod(lab, subject);
  const workers = lab.outputs.nodes.filter(({ role }) => role === 'worker').map(({ name }) => name);
  const target = workers.find((name) => name !== before.node) ?? '';
  const scene: Scene = { lab, source: before.node, target, migration: '', namespace: subject.namespace };
  const leftBefore = new Set(await remains(lab));
  await ledger.start({ filled: true, ...(keepsAddress(fault) && { patienceMs: KEPT_PATIENCE_MS }) });
  try {
    await move(scene, subject, before, cell);
  } finally {
    await fault.mend?.(scene);
  }
  const status = await settled(lab, subject, scene.migration);
  // One that fails a move goes on to fail the next.
  for (const node of [scene.source, scene.target]) await letGo(lab, node);
  return judge(scene, subject, ledger, status, { before, cell, leftBefore });
}

/** Asks for the move, and strikes where it is held. */
async function move(
  scene: Scene,
  subject: Subject,
  { name }: SubjectPod,
  { fault, point }: Cell,
): Promise<void> {
  const { lab } = scene;
  const node = endOf(point) === 'source' ? scene.source : scene.target;
  await fault.arrange?.(scene);
  const action = fault.step === 'fails' ? 'fail' : 'wait';
  if (fault.strike || action === 'fail') await failpoints.set(lab, node, point, action);
  scene.migration = await subject.migrate({
    sourcePod: name,
    destHost: scene.target,
    freezeDeadlineSeconds: FREEZE_DEADLINE_SECONDS,
    ...fault.spec,
  });
  if (!fault.strike) return;
  await failpoints.reached(lab, node, point, REACH_SECONDS);
  await fault.strike(scene);
  await letGo(lab, node);
  await sleep(fault.lastsMs ?? 0, undefined, { signal: lab.hurry });
}

/** A host that is off holds nothing, and has forgotten what it was to hold when it is on again. */
const letGo = (lab: MatrixLab, node: string): Promise<void> =>
  failpoints.clear(lab, node).catch(() => undefined);

/** What is known of a cell when its move is over. */
interface Asked {
  before: SubjectPod;
  cell: Cell;
  /** What an earlier cell left behind. */
  leftBefore: ReadonlySet<string>;
}

/** Clients of an address that is kept notice nothing but a pause, however long. */
const keepsAddress = ({ spec }: Fault): boolean => spec?.address === 'keep';
const KEPT_PATIENCE_MS = 120_000;

/** Waits until nothing moves any more, and looks. */
async function judge(
  scene: Scene,
  subject: Subject,
  ledger: Ledger,
  status: PodmigrationStatus | undefined,
  { before, cell, leftBefore }: Asked,
): Promise<Played> {
  const { lab } = scene;
  const { fault } = cell;
  const expected = fault.outcome(cell.point);
  const found: string[] = [];
  const pod = await onlyPod(lab, subject).catch((error: Error) => {
    found.push(error.message);
    return undefined;
  });
  await ledger.untilWritten(SETTLE_SECONDS * 1000);
  await ledger.stop();
  const outcome = pod?.node === scene.target ? 'moved' : 'stayed';
  if (expected !== 'either' && outcome !== expected)
    found.push(`the pod ${outcome}; it should have ${expected}`);
  const audit = await ledger.audit().catch((error: Error) => ({ ...NOTHING_READ, error }));
  if ('error' in audit) found.push(`what was written cannot be read: ${audit.error.message}`);
  if (audit.startedAnew) found.push('redis was started from nothing');
  if (audit.lost > 0) found.push(`${audit.lost} of ${audit.acknowledged} acknowledged writes lost`);
  if (audit.acknowledged === 0) found.push('no write was acknowledged: nothing was proved');
  found.push(...tooLong(audit.longestPauseMs, status, cell), ...(await newlyLeft(lab, leftBefore)));
  const words = status?.error ? `${status.error.step}: ${status.error.message}` : '';
  if (status && outcome === 'stayed') found.push(...unsaid(words, fault));
  if (keepsAddress(fault) && pod) {
    if (audit.connections > 1) found.push(`the client had to connect ${audit.connections} times`);
    found.push(...(await addressFaults(lab, subject, before, pod)));
  }
  found.push(...((await fault.proof?.(scene)) ?? []));
  if (status) found.push(...(await untold(subject, scene.migration, outcome)));
  const { acknowledged, longestPauseMs } = audit;
  return { outcome, words, acknowledged, longestPauseMs, faults: found };
}

const NOTHING_READ = { acknowledged: 0, lost: 0, startedAnew: false, connections: 0, longestPauseMs: 0 };

function unsaid(words: string, { words: wanted = /./ }: Fault): string[] {
  if (words === '') return ['the status does not say why the pod stayed'];
  return wanted.test(words) ? [] : [`the status says nothing of ${wanted}: ${words}`];
}

/** By its own account, and, wherever it went on, by what its client saw. From the commit on the move's deadline has no say. */
function tooLong(
  longestPauseMs: number,
  status: PodmigrationStatus | undefined,
  { fault: { spec, lastsMs = 0 }, point }: Cell,
): string[] {
  const own = isBeforeCommit(point) ? spec?.freezeDeadlineSeconds : undefined;
  const deadlineMs = (own ?? FREEZE_DEADLINE_SECONDS) * 1000 + lastsMs;
  const freezeMs = status?.freezeMs ?? 0;
  return [
    ...(freezeMs > deadlineMs ? [`frozen for ${freezeMs} ms; ${deadlineMs} are allowed`] : []),
    ...(longestPauseMs > deadlineMs + PAUSE_MARGIN_MS
      ? [`no write was acknowledged for ${longestPauseMs} ms`]
      : []),
  ];
}

/** After a cell that switched a host off. */
async function nodesReady(lab: MatrixLab): Promise<void> {
  const args = ['wait', '--for=condition=Ready', 'nodes', '--all', `--timeout=${NODES_SECONDS}s`];
  await lab.kubectl(args, NODES_SECONDS + 10);
}

async function onlyPod(lab: MatrixLab, subject: Subject): Promise<SubjectPod> {
  const pods = await until(
    lab,
    () => subject.pods(),
    ([first, ...others]) => first?.ready === true && others.length === 0,
  );
  const [pod] = pods;
  if (pod === undefined || pods.length > 1 || !pod.ready)
    throw new Error(`not exactly one pod that is Ready: ${JSON.stringify(pods)}`);
  return pod;
}

/** The status at the end; undefined when the Podmigration was deleted and is gone. */
async function settled(
  lab: MatrixLab,
  subject: Subject,
  name: string,
): Promise<PodmigrationStatus | undefined> {
  const read = async (): Promise<PodmigrationStatus | undefined> => {
    const text = await subject.kubectl(['get', 'podmigration', name, '--ignore-not-found', '-o', 'json']);
    if (text.trim() === '') return undefined;
    return podmigrationStatus.parse(JSON.parse(text).status ?? {});
  };
  const status = await until(lab, read, (now) => now === undefined || isFinal(now.state));
  if (status && !isFinal(status.state))
    throw new Error(`${name} is still ${status.state} after ${SETTLE_SECONDS} s`);
  return status;
}

/** What an earlier cell left is not blamed on this one. What is removed may take a moment longer than the status. */
const newlyLeft = (lab: MatrixLab, before: ReadonlySet<string>): Promise<string[]> =>
  until(
    lab,
    async () => (await remains(lab)).filter((line) => !before.has(line)),
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
  { hurry }: MatrixLab,
  ask: () => Promise<T>,
  good: (answer: T) => boolean,
  seconds = SETTLE_SECONDS,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    hurry.throwIfAborted();
    const late = Date.now() > end;
    const asked = await ask().then(
      (answer) => ({ answer }),
      (error: unknown) => ({ error }),
    );
    if ('answer' in asked && (late || good(asked.answer))) return asked.answer;
    if ('error' in asked && late) throw asked.error;
    await sleep(LOOK_MS, undefined, { signal: hurry });
  }
}
