import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

/** Debian's. */
const executablePath = '/usr/bin/chromium';

/** Why there is no browser to try the page in; null where there is one. */
export const whyNoBrowser: string | null = existsSync(executablePath)
  ? null
  : `no ${executablePath} here: install Debian's package chromium`;

export interface Browser {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/** A browser with an empty profile of its own. */
export async function openBrowser(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'timeline-chromium-'));
  const flags = ['no-sandbox', 'disable-gpu', 'disable-quic', 'no-first-run', 'disable-background-networking'];
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    viewport: { width: 1440, height: 820 },
    args: [...flags, 'disable-component-update', 'disable-sync'].map((flag) => `--${flag}`),
  });
  const close = async (): Promise<void> => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { context, close };
}

/** What went wrong on a page, and whom it asked for anything. */
export interface Heard {
  readonly errors: string[];
  readonly requests: string[];
}

export function listen(page: Page): Heard {
  const heard: Heard = { errors: [], requests: [] };
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') heard.errors.push(message.text());
  });
  page.on('pageerror', (error) => heard.errors.push(error.message));
  page.on('request', (request) => heard.requests.push(request.url()));
  return heard;
}
