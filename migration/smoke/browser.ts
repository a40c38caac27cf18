import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { BROWSER_PROGRAMS } from './browser-programs.ts';

/** A real browser on the dashboard. Machines that run tests may be slow: deadlines are generous. */
const DEADLINE_MS = 60_000;

export type Theme = 'light' | 'dark';

/** Starts the browser of this machine. @throws Error when there is none */
export async function openBrowser(): Promise<Browser> {
  const executablePath = BROWSER_PROGRAMS.map(onPath).find((path) => path !== undefined);
  if (executablePath === undefined)
    throw new Error(`no browser on PATH (${BROWSER_PROGRAMS.join(', ')}): install Debian's package chromium`);
  // Its sandbox needs user namespaces, or a setuid helper: neither is there for root in a container.
  return chromium.launch({ executablePath, args: ['--no-sandbox'], timeout: DEADLINE_MS });
}

function onPath(name: string): string | undefined {
  const paths = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A user's window. The lab's own authority is known to no browser, so its certificates are taken as they are. */
export async function openWindow(browser: Browser, width: number, theme: Theme): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme: theme,
    ignoreHTTPSErrors: true,
  });
  context.setDefaultTimeout(DEADLINE_MS);
  return context;
}

/** Opens the dashboard and pastes a token. */
export async function signIn(context: BrowserContext, url: string, token: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  await page.getByLabel('Kubernetes token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  return page;
}

/** Goes to one of the page's own addresses; resolves when the page of that title is there. */
export async function goTo(page: Page, hash: string, title: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
}

/** What axe finds wrong with what is shown: rule and element. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
}

/** By how many pixels the page is wider than the window. */
export async function overflow(page: Page): Promise<number> {
  return Number(
    await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
  );
}
