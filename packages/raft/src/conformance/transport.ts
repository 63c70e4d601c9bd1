import assert from 'node:assert/strict';
import { memberId } from '../core/index.js';
import type { Envelope, RaftTransport } from '../driver/index.js';
import type { ConformanceCase } from './case.js';
import { everyMessage, shown } from './messages.js';

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

/** Half of what fits one packet. */
function big(id: number): Envelope {
  const header = { id, from: memberId('a', '1'), to: memberId('b', '1'), term: 1 };
  const data = new Uint8Array(2 ** 20 - 512).fill(id);
  const entries = [{ index: id, term: 1, type: 'data' as const, data }];
  return { group: 'g', message: { kind: 'append', ...header, prevIndex: id - 1, prevTerm: 1, entries, commit: 0 } };
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
    ...(['a', 'b'] as const).map((from) => ({
      name: `every kind of message arrives as it was sent by ${from}, with the group it is for`,
      run: withPair(async (a, b) => {
        const [sender, receiver, to] = from === 'a' ? [a, b, 'b'] : [b, a, 'a'];
        const got: Envelope[] = [];
        receiver.listen((packet) => got.push(...packet));
        const sent = everyMessage(from, to).map((message, at) => ({ group: `group ${at} é`, message }));
        sender.send(to, 'control', sent);
        await under.settle();
        assert.equal(got.map(shown).sort().join('\n'), sent.map(shown).sort().join('\n'));
      }),
    })),
    {
      name: 'a packet as big as the host makes them arrives whole',
      run: withPair(async (a, b) => {
        const got: Envelope[] = [];
        b.listen((packet) => got.push(...packet));
        const sent = [1, 2].map((id) => big(id));
        a.send('b', 'bulk', sent);
        await under.settle();
        assert.deepEqual(got.map(shown), sent.map(shown));
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
