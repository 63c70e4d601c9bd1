import { describe, expect, test } from 'vitest';
import { messageProblem } from '../../src/driver/inbox.js';
import { type Envelope, MemoryStorage, type Message, memberId } from '../../src/index.js';
import { One, outcomeOf } from './one.js';
import { DriverRig, text, turns } from './rig.js';

const header = { id: 1, from: memberId('b', 'disk'), to: memberId('a', 'disk'), term: 3 };
const entry = { index: 2, term: 3, type: 'data', data: text('x') };
const append = { ...header, kind: 'append', prevIndex: 1, prevTerm: 1, commit: 0, entries: [entry] };
const configuration = { voters: [header.from], outgoing: [], learners: [] };
const snapshot = { id: 's', index: 5, term: 2, configurationIndex: 1, configuration };
const chunk = { ...header, kind: 'snapshot-chunk', snapshot, offset: 0, data: text('state'), isLast: true };

const malformed: [string, unknown][] = [
  ['null', null],
  ['a text', 'heartbeat'],
  ['an unknown kind', { ...header, kind: 'zzz' }],
  ['a kind of the prototype', { ...header, kind: 'constructor' }],
  ['a term beyond whole numbers', { ...header, kind: 'heartbeat', round: 1, commit: 0, term: 2 ** 60 }],
  ['a term that is no number', { ...header, kind: 'heartbeat', round: 1, commit: 0, term: Number.NaN }],
  ['a term as text', { ...header, kind: 'heartbeat', round: 1, commit: 0, term: '9' }],
  ['no commit', { ...header, kind: 'heartbeat', round: 1 }],
  ['nobody as sender', { ...header, from: 'b', kind: 'heartbeat', round: 1, commit: 0 }],
  ['no entries', { ...append, entries: undefined }],
  ['an entry that is null', { ...append, entries: [null] }],
  ['an entry above its leader’s term', { ...append, entries: [{ ...entry, term: 9 }] }],
  ['a term that no election ever reached', { ...header, kind: 'stale-term', term: 2 ** 53 - 1 }],
  ['a list of entries with a hole in it', { ...append, entries: new Array(1) }],
  [
    'a configuration without voters',
    { ...chunk, snapshot: { ...snapshot, configuration: { ...configuration, voters: [] } } },
  ],
  ['a gap', { ...append, entries: [{ ...entry, index: 4 }] }],
  ['terms that decrease', { ...append, prevTerm: 4 }],
  ['an entry of no type', { ...append, entries: [{ ...entry, type: 'zzz' }] }],
  ['data that is no bytes', { ...append, entries: [{ ...entry, data: 'x' }] }],
  ['a configuration of garbage', { ...append, entries: [{ ...entry, type: 'configuration' }] }],
  ['a chunk of no snapshot', { ...chunk, snapshot: undefined }],
  ['a snapshot of nobody', { ...chunk, snapshot: { ...snapshot, configuration: {} } }],
  ['a snapshot above its leader’s term', { ...chunk, snapshot: { ...snapshot, term: 9 } }],
  ['a chunk without data', { ...chunk, data: null }],
];

describe('given a message that no member sends', () => {
  test.each(malformed)('with %s, when it comes in, then it is dropped, told, and kills nobody', async (_, message) => {
    const one = await new One().open({ isLed: false });
    one.group.receive(message as Message);
    await turns();
    expect(one.failures).toEqual([]);
    expect(one.group.status.term).toBe(1);
    expect(one.problems).toMatchObject([{ kind: 'message-dropped', group: 'g' }]);
  });

  test('when it claims more than was ever sent, then it is dropped', async () => {
    const rig = await new DriverRig().open();
    const leader = await rig.leader();
    const from = rig.members.find((member) => member !== leader.self)!;
    const term = leader.status.term;
    leader.receive({ kind: 'append-accepted', id: 9, from, to: leader.self, term, match: 999 });
    expect(leader.isLeader).toBe(true);
    expect(rig.failures).toEqual([]);
    await rig.stop();
  });
});

test('given all that three members say to each other in a lively hour, then none of it is taken for malformed', async () => {
  const rig = await new DriverRig({ snapshotEvery: 10, trailing: 0, snapshotChunkBytes: 16 }).open();
  const kinds = new Set<string>();
  const wrong: (string | null)[] = [];
  rig.network.onPacket = (packet) => {
    for (const { message } of packet) {
      kinds.add(message.kind);
      wrong.push(messageProblem(message));
    }
  };
  const leader = await rig.leader();
  const away = rig.groups.find((group) => group !== leader)!;
  rig.network.disconnect(away.self.slice(0, 1));
  for (let count = 0; count < 35; count++) void leader.propose(text(`${count}`));
  await rig.pass(500);
  rig.network.reconnect(away.self.slice(0, 1));
  await rig.pass(500);
  void away.read();
  void leader.transfer(away.self);
  await rig.pass(1000);
  expect(wrong.filter((each) => each !== null)).toEqual([]);
  expect([...kinds]).toEqual(expect.arrayContaining(['append', 'snapshot-chunk', 'request-vote', 'read-request']));
  await rig.stop();
});

describe('given a function of the program that throws', () => {
  const bug = new Error('a bug of the program');
  const throwing = (): never => {
    throw bug;
  };

  test.each(['onRole', 'trace'] as const)(
    'when it is %s, then somebody is told and the member goes on',
    async (callback) => {
      const one = await new One({ components: { [callback]: throwing } }).open();
      expect(await one.group.propose(text('x'))).toMatchObject({ kind: 'committed' });
      expect(one.problems[0]).toEqual({ group: 'g', kind: 'callback-threw', callback, error: bug });
      expect(one.failures).toEqual([]);
    },
  );

  test('when it is onFailed, then all callers are answered and the host’s other groups go on', async () => {
    const one = await new One({ components: { onFailed: throwing } }).open();
    const storage = new MemoryStorage({ voters: [one.self], learners: [] });
    const other = await one.openGroup('other', { storage });
    one.memory.isNextSyncFailing = true;
    expect(await outcomeOf(one.group.propose(text('x')))).toMatchObject({ kind: 'unknown' });
    await one.pass(1500);
    expect(other.isLeader).toBe(true);
    await one.host.stop();
  });

  test('when it is the transport, then what goes to others still leaves', async () => {
    const sent: string[] = [];
    const transport = {
      listen: () => {},
      send: (node: string) => {
        if (node === 'b') throwing();
        sent.push(node);
      },
    };
    const voters = ['a', 'b', 'c'].map((node) => memberId(node, 'disk'));
    const one = await new One({ transport, storage: new MemoryStorage({ voters, learners: [] }) }).open();
    expect(sent).toContain('c');
    expect(one.problems[0]).toMatchObject({ kind: 'callback-threw', callback: 'send', error: bug });
  });
});

test('given big entries, when they are sent, then no packet is above its bound', async () => {
  const rig = await new DriverRig().open();
  const leader = await rig.leader();
  const sizes: number[] = [];
  rig.network.onPacket = (packet: readonly Envelope[]) => {
    let bytes = 0;
    for (const { message } of packet) {
      if (message.kind === 'append') for (const { data } of message.entries) bytes += data.byteLength;
    }
    sizes.push(bytes);
  };
  for (let count = 0; count < 16; count++) void leader.propose(new Uint8Array(1 << 20));
  await rig.pass(100);
  expect(Math.max(...sizes)).toBeGreaterThan(1 << 19);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(2 << 20);
  await rig.stop();
});
