import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { expect, it, onTestFinished, vi } from 'vitest';
import { lastLine, packageDirectory, program, scratch } from '../command-line.js';
import { processesOf } from '../processes.js';

/** Three processes that start, on machines that are busy. */
const slow = 120_000;

/** The demo for somebody with a browser: a process of its own, and what it says. */
class WatchedDemo {
  out = '';
  err = '';
  readonly place: Awaited<ReturnType<typeof scratch>>;
  readonly #child: ReturnType<typeof spawn>;

  private constructor(place: Awaited<ReturnType<typeof scratch>>) {
    this.place = place;
    const env = { ...process.env, ...place.environment };
    this.#child = spawn(process.execPath, [program, 'demo', '--ui', '--json'], { cwd: packageDirectory, env });
    this.#child.stdout!.on('data', (data: Buffer) => {
      this.out += data.toString();
    });
    this.#child.stderr!.on('data', (data: Buffer) => {
      this.err += data.toString();
    });
    onTestFinished(() => void this.#child.kill('SIGKILL'));
  }

  static async start(): Promise<WatchedDemo> {
    return new WatchedDemo(await scratch());
  }

  /** The link that it prints. */
  async link(): Promise<URL> {
    await this.#until(/ {2}watch {6}\S/);
    return new URL(/ {2}watch {6}(\S+)/.exec(this.err)![1]!);
  }

  /** It is done, and the nodes that are left still run. */
  async untilDone(): Promise<void> {
    await this.#until(/ {2}open {7}\S/);
  }

  /** @returns how it ended, and its result */
  async interrupt(): Promise<{ status: unknown; outcome: Record<string, unknown> }> {
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGINT');
    const [status] = await ended;
    return { status, outcome: lastLine(this.out) };
  }

  async #until(said: RegExp): Promise<void> {
    const isSaid = (): void => {
      if (!said.test(this.err)) throw new Error(`it has not said ${said}, but: ${this.err}`);
    };
    await vi.waitFor(isSaid, { timeout: slow, interval: 20 });
  }
}

const browserPath = '/usr/bin/chromium';
/** Where there is none, a program watches in its place, and the page itself is not tried. */
const isBrowserHere = existsSync(browserPath);
if (!isBrowserHere)
  console.warn(`The demo is not tried in a browser: no ${browserPath} here, which Debian's package chromium brings`);
const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** What a node streams, for as long as it does. */
async function streamOf(origin: string, heard: { text: string; hasEnded: boolean }): Promise<void> {
  try {
    const { body } = await fetch(`${origin}/trace`);
    const decoder = new TextDecoder();
    for await (const chunk of body!) heard.text += decoder.decode(chunk, { stream: true });
  } catch {
    // It was killed.
  }
  heard.hasEnded = true;
}

async function ended(demo: WatchedDemo): Promise<void> {
  const { status, outcome } = await demo.interrupt();
  expect(status).toBe(0);
  const { readyMs: _ready, records: _records, writesPausedMs: _paused, ...rest } = outcome;
  expect(rest).toEqual({ identical: true, leaderKilled: true, lost: 0, duplicated: 0 });
  expect(await demo.place.leftBehind()).toEqual([]);
  expect(await processesOf(demo.place.temporary)).toEqual([]);
}

it.skipIf(isBrowserHere)(
  'with --ui, it goes on once the three nodes of its link are watched; the leader dies and another leads; it stays until Ctrl-C, and ends well',
  async () => {
    const demo = await WatchedDemo.start();
    const link = await demo.link();
    const origins = link.searchParams.get('watch')!.split(',');
    expect(origins).toHaveLength(3);
    const heard = origins.map(() => ({ text: '', hasEnded: false }));
    for (const [at, origin] of origins.entries()) void streamOf(origin, heard[at]!);
    await demo.untilDone();
    expect(demo.out).toBe('');
    const dead = heard.filter(({ hasEnded }) => hasEnded);
    const alive = heard.filter(({ hasEnded }) => !hasEnded);
    expect([dead.length, alive.length]).toEqual([1, 2]);
    expect(dead[0]!.text).toContain('"cause":"at the start of the stream","role":"leader"');
    expect(alive.filter(({ text }) => text.includes('"cause":"won the election","role":"leader"'))).toHaveLength(1);
    await ended(demo);
  },
  slow,
);

/** What the page tells of itself: `Inspection` of @commitlog/timeline. */
interface Page {
  readonly timeline: {
    readonly lanes: readonly { readonly name: string }[];
    readonly drawn: object;
    looksAt(atMs: number): Readonly<Record<string, string | null>>;
  };
}

it.runIf(isBrowserHere)(
  `with --ui, in ${browserPath}: the page shows three nodes, then the leader dead and another in its place, and keeps it all when the cluster is gone`,
  async () => {
    const demo = await WatchedDemo.start();
    const link = await demo.link();
    const browser = await chromium.launch({ executablePath: browserPath, args: browserArguments });
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    const [complaints, requests]: [string[], URL[]] = [[], []];
    page.on('console', (message) => void complaints.push(message.text()));
    page.on('pageerror', (error) => void complaints.push(error.message));
    page.on('request', (request) => void requests.push(new URL(request.url())));
    await page.goto(link.href);
    const looks = () => page.evaluate(() => (globalThis as unknown as Page).timeline.looksAt(performance.now()));
    const whoIs = async (look: string): Promise<string[]> =>
      Object.entries(await looks()).flatMap(([node, each]) => (each === look ? [node] : []));

    await expect.poll(() => whoIs('follower')).toHaveLength(2);
    const [first, ...none] = await whoIs('leader');
    expect(none).toEqual([]);
    expect(complaints).toEqual([]);
    await demo.untilDone();
    await expect.poll(() => whoIs('unreachable')).toEqual([first]);
    const [second, ...others] = await whoIs('leader');
    expect(others).toEqual([]);
    expect(second).not.toBe(first);
    expect(await whoIs('follower')).toHaveLength(1);
    expect(await page.getByRole('status', { name: 'Streams' }).textContent()).toContain('unreachable, trying again');
    // The browser itself says so where a node that was killed is not reached.
    expect(complaints.filter((text) => !text.includes('net::ERR_'))).toEqual([]);
    const watched = link.searchParams.get('watch')!.split(',');
    const asked = requests.filter(({ protocol }) => protocol !== 'data:').map(({ href }) => href);
    expect(new Set(asked)).toEqual(new Set([link.href, ...watched.map((origin) => `${origin}/trace`)]));

    await ended(demo);
    await expect.poll(async () => Object.values(await looks())).toEqual(['unreachable', 'unreachable', 'unreachable']);
    await page.keyboard.press('f');
    await page.screenshot({ path: join(packageDirectory, '.results/demo-ui.png') });
  },
  slow,
);
