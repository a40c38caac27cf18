import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorChain, Failure } from '../failure.ts';
import { capture } from '../programs.ts';
import type { EvidenceItem } from './items.ts';
import { withoutTextSecrets } from './redact.ts';

/** How many questions are asked at a time. */
const AT_A_TIME = 6;

/** What became of one item. */
export interface Collected {
  file: string;
  /** Why nothing or not all of it could be had. */
  problem: string | undefined;
}

/**
 * Collects the items into one tar. What cannot be had is noted in it and does not stop the rest.
 * @returns the path of the tar, and what became of each item
 * @throws Failure when the tar itself cannot be written
 */
export async function collectEvidence(
  dir: string,
  name: string,
  items: readonly EvidenceItem[],
): Promise<{ tar: string; collected: Collected[] }> {
  mkdirSync(dir, { recursive: true });
  const work = mkdtempSync(join(dir, '.collecting-'));
  try {
    const collected = await collectAll(join(work, name), items);
    const tar = join(dir, `${name}.tar`);
    const { code, stderr } = await capture('tar', ['-cf', tar, '-C', work, name], { timeoutSeconds: 120 });
    if (code !== 0) throw new Failure(`writing ${tar}: ${stderr.trim()}`);
    return { tar, collected };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function collectAll(root: string, items: readonly EvidenceItem[]): Promise<Collected[]> {
  const waiting = [...items];
  const collected: Collected[] = [];
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift())
      collected.push(await collectOne(root, item));
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  const missing = collected.filter(({ problem }) => problem !== undefined);
  writeFile(root, 'missing.txt', missing.map(({ file, problem }) => `${file}: ${problem}\n`).join(''));
  return collected;
}

async function collectOne(root: string, item: EvidenceItem): Promise<Collected> {
  const { file } = item;
  try {
    const { code, stdout, stderr } = await item.collect();
    if (stdout !== '') writeFile(root, file, withoutTextSecrets(stdout));
    if (code === 0) return { file, problem: undefined };
    const words = withoutTextSecrets(stderr.trim()).split('\n').slice(-3).join(' ');
    return { file, problem: `exit code ${code} ${words}`.trim() };
  } catch (error) {
    return { file, problem: errorChain(error).join(' because ') };
  }
}

function writeFile(root: string, file: string, text: string): void {
  const path = join(root, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o600 });
}
