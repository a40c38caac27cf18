import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { milliseconds } from '../dashboard/models/readable.ts';
import { accessibilityProblems, goTo, openBrowser, openWindow, overflow, signIn } from './browser.ts';
import { DashboardUser } from './dashboard-user.ts';
import { SmokeLab } from './lab.ts';
import { HOLD } from './undumpable.ts';

/** The dashboard in a real browser, on the lab that is up. Tests build on each other: one user, one sitting. */

const tick = 'smoke-dash';
const slow = 'smoke-dash-slow';
const host = 'smoke-dash-hostnet';
const stuck = 'smoke-dash-stuck';
const PATH = '/smoke-dashboard';
const byForm = 'smoke-dash-by-form';
const restoreName = 'smoke-dash-restored';

let lab: SmokeLab;
let user: DashboardUser;
let browser: Browser;
let context: BrowserContext;
let page: Page;

const here = () => lab.workers[0] as string;
const there = () => lab.workers[1] as string;
const url = () => lab.outputs.rest.url;

beforeAll(async () => {
  lab = await SmokeLab.open();
  user = new DashboardUser(lab);
  const started = [tick, slow, stuck].map((name) => lab.startPod(name, 'tick', here()));
  const hostPod = lab.apply(hostNetworkPod());
  [browser] = await Promise.all([openBrowser(), user.create(), hostPod, ...started]);
  await lab.kubectl(['wait', '--for=condition=Ready', `pod/${host}`, '--timeout=60s']);
  await lab.kubectl(['exec', stuck, '--', 'python3', '-c', HOLD]);
  context = await openWindow(browser, 1280, 'light');
});
afterAll(async () => {
  await browser?.close();
  await removeWhatGrew();
  await lab.kubectl(['delete', 'pod', host, '--ignore-not-found', '--timeout=60s']);
  for (const name of [tick, slow, stuck]) await lab.removePods(name);
  await user.remove();
  await lab.close();
});

/** The migrations and checkpoints of the pods here; most names were chosen by the server. */
async function removeWhatGrew(): Promise<void> {
  const list = await lab.kubectl(['get', 'podmigrations,podcheckpoints', '-o', 'json']);
  const mine = listed
    .parse(JSON.parse(list))
    .items.filter(({ metadata, spec }) =>
      [metadata.name, spec.sourcePod, spec.pod].some((name) => name.startsWith(tick)),
    )
    .map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`);
  if (mine.length > 0) await lab.kubectl(['delete', ...mine, '--ignore-not-found', '--timeout=60s']);
}

const listed = z.object({
  items: z.array(
    z.object({
      kind: z.string(),
      metadata: z.object({ name: z.string() }),
      spec: z.object({ sourcePod: z.string().default(''), pod: z.string().default('') }),
    }),
  ),
});

/** A pod that the checks refuse by what its object says. */
function hostNetworkPod(): object {
  const sleeper = {
    name: 'sleeper',
    image: inject('probeImage'),
    imagePullPolicy: 'Never',
    command: ['python3', '-c', 'import signal; signal.pause()'],
  };
  const spec = {
    hostNetwork: true,
    terminationGracePeriodSeconds: 1,
    nodeSelector: { 'kubernetes.io/hostname': here() },
    containers: [sleeper],
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: host }, spec };
}

const column = (node: string) => page.locator(`[data-node="${node}"]`);
const card = (node: string, pod: string) => column(node).locator(`[data-pod="${lab.namespace}/${pod}"]`);
const grip = (node: string, pod: string) => card(node, pod).locator('.pod__grip');
const dialog = () => page.getByRole('dialog');
const said = () => page.locator('#said');

describe('signing in', () => {
  it('turns a token away that the cluster does not know', async () => {
    page = await signIn(context, url(), 'nonsense');
    await page.getByText('The cluster does not accept this token').waitFor();
    await page.close();
  });

  it('tells somebody who may see nothing so', async () => {
    page = await signIn(context, url(), user.powerlessToken);
    await page.getByRole('heading', { name: 'You may see nothing here' }).waitFor();
    await page.close();
  });

  it('shows nodes with their pods to somebody who may list them', async () => {
    page = await signIn(context, url(), user.token);
    await card(here(), tick).waitFor();
    for (const { name } of lab.outputs.nodes)
      await page.getByRole('heading', { name, exact: true }).waitFor();
  });

  it('lasts over a reload, in this tab only', async () => {
    await page.reload();
    await card(here(), tick).waitFor();
    const other = await context.newPage();
    await other.goto(url());
    await other.getByLabel('Kubernetes token').waitFor();
    await other.close();
  });
});

describe('a pod', () => {
  it('is moved by dragging it to another node, and counts on', async () => {
    const before = await lab.tick(tick);

    await grip(here(), tick).dragTo(column(there()));
    await dialog().getByText('It can be moved.').waitFor();
    await dialog().getByRole('button', { name: 'Move' }).click();

    await card(there(), `${tick}-migration-1`).waitFor();
    await expect
      .poll(() => said().textContent(), { timeout: 60_000 })
      .toMatch(`${tick} moved to ${there()}, frozen for`);
    const after = await lab.tick(`${tick}-migration-1`);
    expect(after.startedAt).toBe(before.startedAt);
    expect(after.count).toBeGreaterThanOrEqual(before.count);
  });

  it('is moved with the keyboard, and every step is said', async () => {
    const pod = `${tick}-migration-1`;
    await grip(there(), pod).focus();
    await page.keyboard.press('Space');
    expect(await said().textContent()).toMatch(`${pod} picked up from ${there()}`);
    for (let presses = 0; presses < lab.outputs.nodes.length; presses++) {
      await page.keyboard.press('ArrowRight');
      if ((await said().textContent())?.startsWith(here())) break;
    }
    expect(await said().textContent()).toMatch(here());
    await page.keyboard.press('Space');
    await dialog().getByText('It can be moved.').waitFor();
    await page.keyboard.press('Enter');

    await card(here(), `${tick}-migration-2`).waitFor();
    await expect.poll(() => said().textContent(), { timeout: 60_000 }).toMatch(`${pod} moved to ${here()}`);
  });

  it('is put back with Escape', async () => {
    const mine = grip(here(), `${tick}-migration-2`);
    await mine.focus();
    await page.keyboard.press('Enter');
    expect(await mine.getAttribute('aria-pressed')).toBe('true');
    await page.keyboard.press('Escape');
    expect(await mine.getAttribute('aria-pressed')).toBe('false');
    expect(await dialog().count()).toBe(0);
  });

  it('is moved by the form, and its timeline marks the freeze', async () => {
    await goTo(page, '#/new', 'New migration');
    await page.getByLabel('Namespace').selectOption(lab.namespace);
    await page.getByLabel('Source pod').fill(`${tick}-migration-2`);
    await page.getByLabel('Target node').selectOption(there());
    await page.getByLabel('Name', { exact: true }).fill(byForm);
    await page.getByRole('button', { name: 'Move' }).click();

    await page.getByRole('heading', { name: byForm }).waitFor();
    await page.locator('.badge--good', { hasText: 'Succeeded' }).waitFor();
    const frozenMs = await lab.kubectl(['get', 'podmigration', byForm, '-o', 'jsonpath={.status.freezeMs}']);
    await page.getByText(`freeze, ${milliseconds(Number(frozenMs))}: no process of the pod runs`).waitFor();
    expect(await page.locator('.timeline__bar--frozen').count()).toBeGreaterThan(2);
    await page.getByText('Freeze from near').click();
    expect(await page.locator('.timeline__name', { hasText: 'prepare' }).count()).toBe(0);
    await page.getByRole('row', { name: /Moved/ }).first().waitFor();
  });
});

describe('what cannot be', () => {
  it('is refused with the check that speaks against it, before anything is asked for', async () => {
    await goTo(page, '#/lab', 'Lab');
    await grip(here(), host).dragTo(column(there()));
    await dialog()
      .getByText(/It cannot be moved/)
      .waitFor();
    await dialog().locator('.check--failed', { hasText: 'HostNamespaces' }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await dialog().getByRole('button', { name: 'Close' }).click();
  });

  it('is told with CRIU’s own words when CRIU cannot, with the way to the evidence', async () => {
    await grip(here(), stuck).dragTo(column(there()));
    await dialog().getByRole('button', { name: 'Move' }).click();
    await page.locator('.under-way__item', { hasText: 'Failed' }).getByRole('link', { name: stuck }).click();
    await page.getByRole('heading', { name: 'Failed in step dump' }).waitFor();
    expect(await page.locator('pre.log').first().textContent()).toMatch(/Error \(criu/);
    await page.getByText('./podferry evidence DIR').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    expect((await lab.tick(stuck)).pod).toBe(stuck);
  });

  it('is found again in the history', async () => {
    await goTo(page, '#/migrations', 'Migrations');
    await page.getByLabel('Outcome').selectOption('failed');
    await page.getByLabel('Text').fill(stuck);
    await page.getByRole('status').getByText('1 migration', { exact: true }).waitFor();
    await page.getByLabel('Outcome').selectOption('succeeded');
    await page.getByText('Nothing is like that').waitFor();
  });

  it('is cancelled, and the pod goes on', async () => {
    const migration = {
      apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
      kind: 'Podmigration',
      metadata: { name: slow, labels: { 'podferry.dev/smoke': slow } },
      spec: { action: 'live-migration', sourcePod: slow, destHost: there(), maxBytesPerSecond: 65536 },
    };
    const before = await lab.tick(slow);
    await lab.apply(migration);
    await goTo(page, `#/migrations/${lab.namespace}/${slow}`, slow);
    await page.locator('.timeline__bar--running').waitFor();
    await page.getByRole('button', { name: `Cancel ${slow}` }).click();
    await page.getByRole('heading', { name: `There is no migration ${slow}` }).waitFor();
    const after = await lab.tick(slow);
    expect(after).toMatchObject({ pod: slow, startedAt: before.startedAt });
  });
});

describe('a checkpoint', () => {
  it('is saved and restored by the form, and removed', async () => {
    const pod = `${tick}-migration-3`;
    await goTo(page, '#/lab', 'Lab');
    await card(there(), pod)
      .getByRole('link', { name: `Checkpoint ${pod}` })
      .click();
    await page.getByLabel('Snapshot path').fill(PATH);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('.badge--good', { hasText: 'Succeeded' }).waitFor();

    await goTo(page, '#/checkpoints', 'Checkpoints');
    const row = page.getByRole('row').filter({ hasText: PATH });
    await row.getByRole('link', { name: /^Restore/ }).click();
    await page.getByLabel('Replicas').fill('1');
    await page.getByLabel('Name', { exact: true }).fill(restoreName);
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.locator('.badge--good', { hasText: 'Restored' }).waitFor();

    await lab.kubectl(['delete', 'podmigration', restoreName, '--timeout=60s']);
    await goTo(page, '#/checkpoints', 'Checkpoints');
    await row.getByRole('button', { name: /^Delete/ }).click();
    await dialog().getByRole('button', { name: 'Remove' }).click();
    await row.waitFor({ state: 'detached' });
  });
});

describe('a lost connection', () => {
  it('is said, and made good by itself', async () => {
    await goTo(page, '#/lab', 'Lab');
    await context.setOffline(true);
    await page.getByRole('alert').getByText('Connection lost').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await context.setOffline(false);
    await page.locator('.signal--live').waitFor();
  });
});

describe.each(['light', 'dark'] as const)('every page in the %s theme', (theme) => {
  it('fits a window of 360 pixels, and gives axe nothing to say', async () => {
    const small = await openWindow(browser, 360, theme);
    const signedOut = await small.newPage();
    await signedOut.goto(url());
    await signedOut.getByLabel('Kubernetes token').waitFor();
    expect(await accessibilityProblems(signedOut)).toEqual([]);
    const phone = await signIn(small, url(), user.token);
    await phone.locator(`[data-node="${here()}"] .pod`).first().waitFor();
    const found: Record<string, unknown> = {};
    const pages = {
      '#/lab': 'Lab',
      '#/migrations': 'Migrations',
      '#/checkpoints': 'Checkpoints',
      '#/new': 'New migration',
      [`#/migrations/${lab.namespace}/${byForm}`]: byForm,
    };
    for (const [hash, title] of Object.entries(pages)) {
      await goTo(phone, hash, title);
      found[hash] = { overflow: await overflow(phone), problems: await accessibilityProblems(phone) };
    }
    const fine = { overflow: 0, problems: [] };
    expect(found).toEqual(Object.fromEntries(Object.keys(pages).map((hash) => [hash, fine])));
    await small.close();
  });
});
