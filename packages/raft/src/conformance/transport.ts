import assert from 'node:assert/strict';
import { memberId } from '../core/index.js';
import type { Envelope, RaftTransport } from '../driver/index.js';
import type { ConformanceCase } from './storage.js';

/** How the suite gets at an implementation. */
export interface TransportUnderTest {
  /** Two nodes, `a` and `b`, that can reach each other. */
  pair(): Promise<{ readonly a: RaftTransport; readonly b: RaftTransport; close(): Promise<void> }>;
  /** Resolves when what was sent has had time to arrive. */
  settle(): Promise<void>;
}

function envelope(id: number): Envelope {
  const header = { id, from: memberId('a', '1'), to: memberId('b', '1'), term: 1 };
  return { group: 'g', message: { kind: 'heartbeat', ...header, round: id, commit: 0 } };
}

/** What every `RaftTransport` must do. */
export function transportConformance(under: TransportUnderTest): ConformanceCase[] {
  const withPair = (run: (a: RaftTransport, b: RaftTransport) => Promise<void>) => async (): Promise<void> => {
    const pair = await under.pair();
    try {
      await run(pair.a, pair.b);
    } finally {
      await pair.close();
    }
  };
  return [
    {
      name: 'what arrives is what was sent, in one packet',
      run: withPair(async (a, b) => {
        const got: (readonly Envelope[])[] = [];
        b.listen((packet) => got.push(packet));
        a.send('b', 'control', [envelope(1), envelope(2)]);
        await under.settle();
        assert.deepEqual(got, [[envelope(1), envelope(2)]]);
      }),
    },
    {
      name: 'no receiver runs before send has returned',
      run: withPair(async (a, b) => {
        let hasReturned = false;
        let wasEarly = false;
        b.listen(() => {
          wasEarly = !hasReturned;
        });
        a.send('b', 'bulk', [envelope(1)]);
        hasReturned = true;
        await under.settle();
        assert.equal(wasEarly, false);
      }),
    },
    {
      name: 'sending to a node that is unknown, or that listens no more, is no error',
      run: withPair(async (a, b) => {
        let got = 0;
        b.listen(() => {
          got += 1;
        });
        b.listen(null);
        a.send('b', 'control', [envelope(1)]);
        a.send('nobody', 'control', [envelope(1)]);
        await under.settle();
        assert.equal(got, 0);
      }),
    },
    {
      name: 'both lanes carry',
      run: withPair(async (a, b) => {
        const got: number[] = [];
        b.listen((packet) => got.push(...packet.map(({ message }) => message.id)));
        a.send('b', 'bulk', [envelope(1)]);
        a.send('b', 'control', [envelope(2)]);
        await under.settle();
        assert.deepEqual(
          got.sort((one, other) => one - other),
          [1, 2],
        );
      }),
    },
  ];
}
