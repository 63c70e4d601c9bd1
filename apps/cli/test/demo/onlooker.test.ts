import { SimulatedClock } from '@commitlog/simulation';
import { expect, it } from 'vitest';
import { timelineOf, untilWatched, waitMsMax } from '../../src/demo/onlooker.js';
import type { LocalNode } from '../../src/local-cluster/local-cluster.js';
import type { World } from '../../src/world.js';

const nodes = ['n1', 'n2', 'n3'].map(
  (nodeId, at) => ({ nodeId, address: '', adminAddress: `127.0.0.1:${at + 1}` }) as LocalNode,
);

/** Waits, on virtual time, in a world in which so many watch each node. */
class Waiting {
  readonly clock = new SimulatedClock();
  readonly viewers = new Map(nodes.map(({ adminAddress }) => [`http://${adminAddress}/metrics`, 0]));
  readonly interruption = new AbortController();
  outcome: unknown = 'pending';
  press: () => void = () => {};

  constructor({ isTerminal = true } = {}) {
    const pressed = new Promise<void>((resolve) => {
      this.press = resolve;
    });
    const world: Partial<World> = {
      clock: this.clock,
      in: {
        isTerminal,
        chunks: async function* () {
          if (!isTerminal) throw new Error('nobody types');
          await pressed;
          yield Buffer.from('\n');
        },
      },
      interruption: () => this.interruption.signal,
      httpGet: async (url) => {
        const viewers = this.viewers.get(url)!;
        if (viewers < 0) throw new Error('nobody answers');
        return `# HELP commitlog_trace_viewers How many.\ncommitlog_trace_viewers ${viewers}\n`;
      },
    };
    untilWatched(nodes, world as World).then(
      () => {
        this.outcome = 'goes on';
      },
      (error: unknown) => {
        this.outcome = error;
      },
    );
  }

  async pass(ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += 100) {
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      this.clock.advance(100);
    }
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }
}

it('the link is a page of the node that is named, and watches all', () => {
  const watched = 'http://127.0.0.1:1,http://127.0.0.1:2,http://127.0.0.1:3';
  expect(timelineOf(nodes)).toBe(`http://127.0.0.1:1/timeline?watch=${watched}`);
  expect(timelineOf(nodes, nodes[2])).toBe(`http://127.0.0.1:3/timeline?watch=${watched}`);
});

it('the demo waits until somebody watches all three, and no longer', async () => {
  const waiting = new Waiting({ isTerminal: false });
  await waiting.pass(5000);
  for (const [at, url] of [...waiting.viewers.keys()].entries()) {
    expect(waiting.outcome).toBe('pending');
    waiting.viewers.set(url, at === 1 ? -1 : 1);
    await waiting.pass(1000);
  }
  expect(waiting.outcome).toBe('pending');
  waiting.viewers.set('http://127.0.0.1:2/metrics', 2);
  await waiting.pass(1000);
  expect(waiting.outcome).toBe('goes on');
});

it('or until Enter is pressed, or time is up', async () => {
  const typing = new Waiting();
  await typing.pass(1000);
  expect(typing.outcome).toBe('pending');
  typing.press();
  await typing.pass(1000);
  expect(typing.outcome).toBe('goes on');

  const alone = new Waiting();
  await alone.pass(waitMsMax - 1000);
  expect(alone.outcome).toBe('pending');
  await alone.pass(2000);
  expect(alone.outcome).toBe('goes on');
});

it('Ctrl-C ends the wait', async () => {
  const waiting = new Waiting();
  await waiting.pass(1000);
  waiting.interruption.abort(new Error('interrupted by SIGINT'));
  await waiting.pass(0);
  expect(waiting.outcome).toMatchObject({ code: 'interrupted' });
});
