import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { livePage, type TraceEvent } from '../../src/index.js';
import type { Inspection } from '../../src/viewer/inspection.js';
import { type Browser, listen, openBrowser, whyNoBrowser } from './chromium.js';

declare global {
  interface Window {
    timeline: Inspection;
  }
}

if (whyNoBrowser !== null) console.warn(`The live page is not tried in a browser: ${whyNoBrowser}`);

interface FakeNodeInit {
  readonly port?: number;
  readonly refusals?: number;
  /** By how much its calendar is wrong. */
  readonly calendarMs?: number;
}

/** A node's server: serves the page, and streams what it is told. */
class FakeNode {
  readonly #server: Server;
  readonly #viewers = new Set<ServerResponse>();
  readonly #name: string;
  #startedMs = performance.now();
  /** Before it has a stream to give, an agent refuses. */
  #refusals: number;
  readonly #calendarMs: number;

  private constructor(name: string, { refusals = 0, calendarMs = 0 }: FakeNodeInit) {
    this.#name = name;
    this.#calendarMs = calendarMs;
    this.#refusals = refusals;
    this.#server = createServer((request, response) => {
      if (request.url?.startsWith('/timeline')) {
        response.setHeader('content-type', 'text/html').end(livePage());
        return;
      }
      if (this.#refusals > 0) {
        this.#refusals -= 1;
        response.writeHead(503).end();
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream', 'access-control-allow-origin': '*' });
      const timeOrigin = performance.timeOrigin + this.#calendarMs;
      // Each node's clock begins anywhere.
      const hello = {
        v: 1,
        node: `${name}@s1`,
        name,
        clusterId: 'c',
        atMs: this.#nowMs(),
        epochMs: timeOrigin + performance.now(),
        startedEpochMs: timeOrigin + this.#startedMs,
      };
      response.write(`retry: 100\nevent: hello\ndata: ${JSON.stringify(hello)}\n\n`);
      this.#viewers.add(response);
      this.tell('role', { role: 'follower', leader: null, cause: 'at the start of the stream' });
    });
  }

  static async start(name: string, init: FakeNodeInit = {}): Promise<FakeNode> {
    const node = new FakeNode(name, init);
    await new Promise<void>((resolve) => node.#server.listen(init.port ?? 0, '127.0.0.1', resolve));
    return node;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  tell(event: string, fields: Partial<TraceEvent>): void {
    this.tellAll(event, [fields]);
  }

  tellAll(event: string, all: readonly Partial<TraceEvent>[]): void {
    const place = { v: 1, atMs: this.#nowMs(), node: `${this.#name}@s1`, term: 1, index: 0, commit: 0 };
    const text = all
      .map((fields) => `data: ${JSON.stringify({ ...place, event, cause: 'a test', ...fields })}\n\n`)
      .join('');
    for (const viewer of this.#viewers) viewer.write(text);
  }

  gap(lost: number): void {
    for (const viewer of this.#viewers) viewer.write(`event: gap\ndata: ${JSON.stringify({ lost })}\n\n`);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #nowMs(): number {
    return performance.now() - this.#startedMs + 5000;
  }
}

describe.skipIf(whyNoBrowser !== null)('the live page, in Chromium', () => {
  let browser: Browser;
  const nodes: FakeNode[] = [];
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.stop();
  });

  test('shows nodes that run as one timeline, follows the present, sees one die and come back, and tells what it missed', async () => {
    for (const name of ['n1', 'n2', 'n3']) nodes.push(await FakeNode.start(name));
    const [n1, n2, n3] = nodes as [FakeNode, FakeNode, FakeNode];
    const page = await browser.context.newPage();
    const heard = listen(page);
    await page.goto(`${n1.url}/timeline?watch=${nodes.map(({ url }) => url).join()}`);
    const looks = (): Promise<Record<string, string | null>> =>
      page.evaluate(() => window.timeline?.looksAt(performance.now()) ?? {});
    await expect.poll(looks).toEqual({ n1: 'follower', n2: 'follower', n3: 'follower' });

    n1.tell('role', { role: 'leader', term: 2, cause: 'won the election' });
    n1.tell('send', { cause: 'append', message: 1, to: 'n2@s1', messageTerm: 2, term: 2 });
    n2.tell('receive', { cause: 'append', message: 1, from: 'n1@s1', messageTerm: 2, term: 2 });
    await expect.poll(looks).toMatchObject({ n1: 'leader', n2: 'follower' });
    await expect.poll(() => page.evaluate(() => window.timeline.messages)).toEqual({ received: 1, notReceived: 0 });
    expect(await page.evaluate(() => window.timeline.isFollowing)).toBe(true);
    const before = await page.evaluate(() => window.timeline.view.toMs);
    await expect.poll(() => page.evaluate(() => window.timeline.view.toMs)).toBeGreaterThan(before);
    expect(heard.errors).toEqual([]);

    const { port } = n1;
    await n1.stop();
    await expect.poll(looks).toMatchObject({ n1: 'unreachable' });
    n2.tell('role', { role: 'leader', term: 3, cause: 'won the election' });
    await expect.poll(looks).toMatchObject({ n1: 'unreachable', n2: 'leader', n3: 'follower' });
    n3.gap(17);
    const streams = page.getByRole('status', { name: 'Streams' });
    await expect.poll(() => streams.textContent()).toMatch(/n1: unreachable.*n2: live.*n3: live, 17 events missed/);

    nodes[0] = await FakeNode.start('n1', { port, refusals: 1 });
    await expect.poll(looks, { timeout: 10_000 }).toMatchObject({ n1: 'follower', n2: 'leader' });
    await page.getByRole('searchbox').fill('n1 restart');
    await expect.poll(() => page.evaluate(() => window.timeline.found)).toBe(1);
    await page.close();
  });

  test('given a node that comes back with its calendar an hour behind, then its time goes on', async () => {
    nodes.push(await FakeNode.start('n1'));
    const { port, url } = nodes[0]!;
    const page = await browser.context.newPage();
    await page.goto(`${url}/timeline`);
    const looks = (): Promise<unknown[]> =>
      page.evaluate(() => window.timeline?.lanes[0]?.spans.map((span) => (span as { look: string }).look) ?? []);
    await expect.poll(looks).toEqual(['follower']);
    await nodes[0]!.stop();
    await expect.poll(looks).toEqual(['follower', 'unreachable']);
    nodes[0] = await FakeNode.start('n1', { port, calendarMs: -3_600_000 });
    await expect.poll(looks, { timeout: 10_000 }).toEqual(['follower', 'unreachable', 'follower']);
    nodes[0]!.tell('role', { role: 'leader', term: 2 });
    await expect.poll(looks).toEqual(['follower', 'unreachable', 'follower', 'leader']);
    await page.close();
  });

  test('given an address that names no server, then it says what was expected', async () => {
    const node = await FakeNode.start('n1');
    nodes.push(node);
    const page = await browser.context.newPage();
    await page.goto(`${node.url}/timeline?watch=file:///etc`);
    expect(await page.getByRole('alert').textContent()).toContain('takes addresses of nodes such as http://');
    await page.goto(`${node.url}/timeline?watch=127.0.0.1:${node.port}`);
    await expect.poll(() => page.evaluate(() => window.timeline?.lanes.length ?? 0)).toBe(1);
    await page.close();
  });

  test('holds on to an instant that somebody looks at, until the present is asked for', async () => {
    const node = await FakeNode.start('n1');
    nodes.push(node);
    const page = await browser.context.newPage();
    // Without ?watch it is the page's own server that is watched.
    await page.goto(`${node.url}/timeline`);
    await expect.poll(() => page.evaluate(() => window.timeline?.events ?? 0)).toBe(1);
    await page.keyboard.press('Home');
    const view = await page.evaluate(() => window.timeline.view);
    node.tell('commit', { upTo: 1, index: 1, commit: 1 });
    await expect.poll(() => page.evaluate(() => window.timeline.events)).toBe(2);
    expect(await page.evaluate(() => window.timeline.view)).toEqual(view);
    expect(await page.evaluate(() => window.timeline.isFollowing)).toBe(false);
    await page.keyboard.press(' ');
    await expect.poll(() => page.evaluate(() => window.timeline.isFollowing)).toBe(true);
    await page.close();
  });

  test('remembers the last 100,000 events, and no more', { timeout: 60_000 }, async () => {
    const node = await FakeNode.start('n1');
    nodes.push(node);
    const page = await browser.context.newPage();
    await page.goto(`${node.url}/timeline`);
    await expect.poll(() => page.evaluate(() => window.timeline?.events ?? 0)).toBe(1);
    for (let first = 1; first <= 106_000; first += 1000) {
      const lines = Array.from({ length: 1000 }, (_, at) => ({
        index: first + at,
        first: first + at,
        last: first + at,
      }));
      node.tellAll('append', lines);
    }
    const newest = (): Promise<number> => page.evaluate(() => window.timeline.newestIndex);
    await expect.poll(newest, { timeout: 50_000 }).toBe(106_000);
    const events = await page.evaluate(() => window.timeline.events);
    expect([events >= 100_000, events <= 105_000]).toEqual([true, true]);
    await page.close();
  });
});
