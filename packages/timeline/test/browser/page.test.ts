import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { timelinePage } from '../../src/index.js';
import type { Inspection } from '../../src/viewer/inspection.js';
import { leaderDeath, TraceWriter } from '../traces.js';
import { type Browser, type Heard, listen, openBrowser, whyNoBrowser } from './chromium.js';

declare global {
  interface Window {
    timeline: Inspection;
  }
}

if (whyNoBrowser !== null) console.warn(`The page is not tried in a browser: ${whyNoBrowser}`);

/** Of the light palette. */
const leaderColor = [0, 114, 178];

/** Where screenshots are kept for whoever wants to look. */
const kept = fileURLToPath(new URL('../../.results/', import.meta.url));

describe.skipIf(whyNoBrowser !== null)('the page, in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'timeline-page-'));
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  async function open(
    trace: TraceWriter,
  ): Promise<{ readonly page: Page; readonly heard: Heard; readonly url: string }> {
    const file = join(folder, 'page.html');
    writeFileSync(file, timelinePage({ title: 'A leader dies', events: trace.lines }));
    const page = await browser.context.newPage();
    const heard = listen(page);
    const url = pathToFileURL(file).href;
    await page.goto(url);
    await page.waitForFunction(() => window.timeline?.drawn.ms > 0);
    return { page, heard, url };
  }

  /** A key, and the picture after it. */
  async function press(page: Page, ...keys: readonly string[]): Promise<void> {
    for (const key of keys) await page.keyboard.press(key);
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  }

  const cursorOf = (page: Page): Promise<object | null> => page.evaluate(() => window.timeline.cursor);
  const viewOf = (page: Page): Promise<{ fromMs: number; toMs: number }> => page.evaluate(() => window.timeline.view);

  test('shows lanes, roles and arrows as the trace has them, says nothing on the console and asks nobody', async () => {
    const { page, heard, url } = await open(leaderDeath());
    const shown = await page.evaluate(() => ({
      lanes: window.timeline.lanes.map(({ name }) => name),
      before: window.timeline.looksAt(50),
      led: window.timeline.looksAt(120),
      died: window.timeline.looksAt(200),
      after: window.timeline.looksAt(280),
      messages: window.timeline.messages,
      drawn: window.timeline.drawn,
      events: window.timeline.events,
    }));
    expect(shown).toMatchObject({
      lanes: ['n1', 'n2', 'n3'],
      before: { n1: 'follower', n2: 'follower', n3: 'follower' },
      led: { n1: 'leader', n2: 'follower', n3: 'follower' },
      died: { n1: 'down', n2: 'follower' },
      after: { n1: 'down', n2: 'leader' },
      messages: { received: 4, notReceived: 1 },
      drawn: { arrows: 5, lost: 1, aggregated: 0 },
      events: leaderDeath().lines.length,
    });
    // What is said to be drawn can be seen: the leader's bar has the leader's colour, and nothing is where the dead node's was.
    expect(await colors(page, 'n1', 9, [140, 220])).toEqual([leaderColor, expect.not.arrayContaining(leaderColor)]);
    mkdirSync(kept, { recursive: true });
    await page.screenshot({ path: join(kept, 'leader-death.png') });
    expect(heard).toEqual({ errors: [], requests: [url] });
    await page.close();
  });

  test('is used by the keyboard alone: events, elections, crashes, nodes, zoom, search, help', async () => {
    const { page, heard } = await open(leaderDeath());
    await press(page, 'Home');
    expect(await cursorOf(page)).toMatchObject({ event: 'start', node: 'n1@s1' });
    await press(page, 'ArrowRight');
    expect(await cursorOf(page)).toMatchObject({ event: 'start', node: 'n2@s1' });
    await press(page, 'e');
    expect(await cursorOf(page)).toMatchObject({ event: 'role', role: 'leader', node: 'n1@s1' });
    await press(page, 'e');
    expect(await cursorOf(page)).toMatchObject({ role: 'leader', node: 'n2@s1' });
    await press(page, 'C');
    expect(await cursorOf(page)).toMatchObject({ event: 'crash', node: 'n1@s1' });
    expect(await page.getByRole('status').last().textContent()).toMatch(/n1 crashes/);

    await press(page, 'ArrowDown', 'ArrowLeft');
    expect(await cursorOf(page)).toMatchObject({ event: 'commit', node: 'n1@s1' });
    const before = await viewOf(page);
    await press(page, '+', '+');
    const closer = await viewOf(page);
    expect((closer.toMs - closer.fromMs) / (before.toMs - before.fromMs)).toBeCloseTo(1 / 1.6 ** 2);
    await press(page, 'f');
    expect((await viewOf(page)).fromMs).toBeLessThanOrEqual(0);

    await press(page, '/');
    await page.keyboard.type('request-vote');
    await press(page, 'Enter');
    expect(await page.evaluate(() => window.timeline.found)).toBe(2);
    expect(await cursorOf(page)).toMatchObject({ cause: 'request-vote' });
    await press(page, 'Escape', 'n');
    await press(page, 'm');
    expect(await cursorOf(page)).toMatchObject({ event: 'send', cause: 'request-vote', to: 'n2@s1' });

    await press(page, '?');
    await expect.poll(() => page.getByRole('dialog', { name: 'Keys' }).isVisible()).toBe(true);
    const underHelp = await cursorOf(page);
    await press(page, 'ArrowRight', 'End', 'e');
    expect(await cursorOf(page)).toEqual(underHelp);
    await press(page, 'Escape');
    await expect.poll(() => page.getByRole('dialog', { name: 'Keys' }).isVisible()).toBe(false);
    expect(heard.errors).toEqual([]);
    await page.close();
  });

  test('says what every node was at the cursor, and what the event has changed', async () => {
    const { page } = await open(leaderDeath());
    await press(page, 'Home', 'e');
    const row = (node: string): Promise<string[]> => page.locator(`tr[data-node=${node}] > *`).allTextContents();
    expect(await row('n1')).toEqual(['n1', 'leader', '2', '·', 'n1', '1–1', '0']);
    expect(await row('n2')).toEqual(['n2', 'follower', '2', 'n1', '·', '1–1', '0']);
    expect(await page.locator('.changes li').allTextContents()).toEqual([
      'role candidate → leader',
      'follows nobody → n1',
    ]);
    expect(await page.locator('td.changed').allTextContents()).toEqual(['leader', 'n1']);
    await page.close();
  });

  test('is used by the mouse: click, wheel, drag, and the switches of kinds, nodes and terms', async () => {
    const { page } = await open(leaderDeath());
    const { x, y, canvas } = await page.evaluate(() => ({
      x: window.timeline.x(165),
      y: window.timeline.lanes[0]!.y,
      canvas: document.querySelector('canvas[tabindex]')!.getBoundingClientRect().toJSON() as { x: number; y: number },
    }));
    await page.mouse.click(canvas.x + x, canvas.y + y);
    expect(await cursorOf(page)).toMatchObject({ event: 'crash' });
    const before = await viewOf(page);
    await page.mouse.wheel(0, -240);
    await expect.poll(async () => (await viewOf(page)).toMs).toBeLessThan(before.toMs);
    const zoomed = await viewOf(page);
    await page.mouse.down();
    await page.mouse.move(canvas.x + x + 120, canvas.y + y, { steps: 4 });
    await page.mouse.up();
    expect((await viewOf(page)).fromMs).toBeLessThan(zoomed.fromMs);

    await press(page, 'Escape', 'f');
    await page.getByRole('button', { name: 'log messages' }).click();
    await expect.poll(() => page.evaluate(() => window.timeline.drawn.arrows)).toBe(2);
    await page.getByRole('button', { name: 'log messages' }).click();
    await expect.poll(() => page.evaluate(() => window.timeline.drawn.arrows)).toBe(5);
    await page.mouse.click(canvas.x + 30, canvas.y + y);
    await press(page, 'h');
    expect(await page.evaluate(() => window.timeline.lanes.map(({ name }) => name))).toEqual(['n2', 'n3']);
    await page.getByRole('button', { name: 'show n1' }).click();
    await expect.poll(() => page.evaluate(() => window.timeline.lanes.length)).toBe(3);
    await page.getByLabel('Term', { exact: true }).selectOption('3');
    expect((await viewOf(page)).fromMs).toBeGreaterThan(270);
    await page.close();
  });

  test('jumps to the violation, where there is one, and offers it only there', async () => {
    const { page: calm } = await open(leaderDeath());
    expect(await calm.getByRole('button', { name: 'Jump to the violation' }).isVisible()).toBe(false);
    await calm.close();
    const trace = leaderDeath().add(5000, 'world', 'violation', {
      cause: '1 one leader per term',
      what: 'n1 and n2 both lead',
    });
    const { page } = await open(trace);
    await page.getByRole('button', { name: 'Jump to the violation' }).click();
    expect(await cursorOf(page)).toMatchObject({ event: 'violation' });
    const { fromMs, toMs } = await viewOf(page);
    expect([fromMs < trace.atMs, toMs > trace.atMs, toMs - fromMs < 100]).toEqual([true, true, true]);
    await expect.poll(() => page.locator('aside').textContent()).toContain('n1 and n2 both lead');
    await page.close();
  });

  test('given a trace without events, or one that somebody has edited, then it says so', async () => {
    const { page: empty, heard } = await open(new TraceWriter());
    await expect.poll(() => empty.locator('aside').textContent()).toContain('This trace holds no events');
    await press(empty, 'ArrowRight', 'Home', '+', 'f');
    expect(heard.errors).toEqual([]);
    await empty.close();
    const edited = join(folder, 'edited.html');
    const page = await browser.context.newPage();
    const { text, lines } = leaderDeath();
    writeFileSync(edited, timelinePage({ events: `${text}\n{"v":1,` }));
    await page.goto(pathToFileURL(edited).href);
    await expect
      .poll(() => page.locator('aside').textContent())
      .toContain(`Line ${lines.length + 1} of the trace is cut short`);
    writeFileSync(edited, timelinePage({ events: text }).replace('"v":1', '"v":7'));
    await page.goto(pathToFileURL(edited).href);
    expect(await page.getByRole('alert').textContent()).toMatch(
      /cannot be shown: line 1: expected a trace of version 1/,
    );
    await page.close();
  });

  test('follows the light or dark of the system, until somebody chooses', async () => {
    const { page } = await open(leaderDeath());
    const theme = (): Promise<string | undefined> => page.evaluate(() => document.documentElement.dataset.theme);
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(theme).toBe('dark');
    await page.getByRole('button', { name: 'Light or dark' }).click();
    expect(await theme()).toBe('light');
    await page.close();
  });

  test('given 100,000 events, then it draws one picture after the other', async () => {
    const { page, heard } = await open(manyEvents(100_000));
    expect(await page.evaluate(() => window.timeline.events)).toBe(100_000);
    expect(await page.evaluate(() => window.timeline.drawn.aggregated)).toBeGreaterThan(10_000);
    const took: number[] = [];
    for (const key of ['+', '+', '+', '+', '+', '+', '[', ']', 'f']) {
      await press(page, key);
      took.push(await page.evaluate(() => window.timeline.drawn.ms));
    }
    console.log(`pictures of 100,000 events took ${took.map((ms) => ms.toFixed(1)).join(', ')} ms`);
    for (let closer = 0; closer < 16; closer++) await page.keyboard.press('+');
    await press(page, '+');
    const { arrows, aggregated } = await page.evaluate(() => window.timeline.drawn);
    expect([arrows > 0, aggregated]).toEqual([true, 0]);
    expect(heard.errors).toEqual([]);
    await page.close();
  });
});

/** Red, green and blue of a lane at some moments, `dy` below its middle. Read at once: a canvas that is read often is slow, and says so. */
function colors(page: Page, node: string, dy: number, moments: readonly number[]): Promise<number[][]> {
  return page.evaluate(
    ({ node, dy, moments }) => {
      const canvas = document.querySelector<HTMLCanvasElement>('canvas[tabindex]')!;
      const { y } = window.timeline.lanes.find(({ name }) => name === node)!;
      const { data } = canvas.getContext('2d')!.getImageData(0, y + dy, canvas.width, 1);
      return moments.map((ms) => [...data.slice(Math.round(window.timeline.x(ms)) * 4)].slice(0, 3));
    },
    { node, dy, moments },
  );
}

/** Five nodes, one of which replicates to the others. */
function manyEvents(count: number): TraceWriter {
  const trace = new TraceWriter();
  const nodes = ['n1@s1', 'n2@s1', 'n3@s1', 'n4@s1', 'n5@s1'];
  trace.add(0, nodes[0]!, 'role', { role: 'leader', term: 1 });
  for (let index = 1; trace.lines.length < count; index++) {
    trace.add(1, nodes[0]!, 'append', { index, first: index, last: index });
    for (const node of nodes.slice(1)) {
      trace.message(0.1, nodes[0]!, node, 'append', index, 0.2);
      trace.message(0.1, node, nodes[0]!, 'append-accepted', index, 0.2);
    }
  }
  trace.lines.length = count;
  return trace;
}
