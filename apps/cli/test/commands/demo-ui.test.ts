import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished, vi } from 'vitest';
import { fromSources, lastLine, packageDirectory, scratch } from '../command-line.js';
import { processesOf } from '../processes.js';

/** Three processes that start from their sources, on machines that are busy. */
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
    this.#child = spawn(process.execPath, [...fromSources, 'demo', '--ui', '--json'], { cwd: packageDirectory, env });
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

it(
  'with --ui, it goes on once the three nodes of its link are watched; the leader dies and another leads; it stays until Ctrl-C, and ends well',
  async () => {
    const demo = await WatchedDemo.start();
    const link = await demo.link();
    const page = await fetch(link);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const origins = link.searchParams.get('watch')!.split(',');
    expect(origins).toHaveLength(3);
    const heard = origins.map(() => ({ text: '', hasEnded: false }));
    for (const [at, origin] of origins.entries()) void streamOf(origin, heard[at]!);
    await demo.untilDone();
    expect(await processesOf(demo.place.temporary)).toHaveLength(2);
    expect(demo.out).toBe('');
    const dead = heard.filter(({ hasEnded }) => hasEnded);
    const alive = heard.filter(({ hasEnded }) => !hasEnded);
    expect([dead.length, alive.length]).toEqual([1, 2]);
    expect(dead[0]!.text).toContain('"cause":"at the start of the stream","role":"leader"');
    expect(alive.filter(({ text }) => text.includes('"cause":"won the election","role":"leader"'))).toHaveLength(1);
    for (const { text } of heard) expect(text).toMatch(/"event":"commit","cause":[^\n]*"upTo":\d{2}/);
    // The page is of a node that is left.
    expect((await fetch(link)).status).toBe(200);

    const { status, outcome } = await demo.interrupt();
    expect(status).toBe(0);
    const { readyMs: _ready, records: _records, writesPausedMs: _paused, ...rest } = outcome;
    expect(rest).toEqual({ identical: true, leaderKilled: true, lost: 0, duplicated: 0 });
    expect(await demo.place.leftBehind()).toEqual([]);
    expect(await processesOf(demo.place.temporary)).toEqual([]);
  },
  slow,
);
