import { expect, test } from 'vitest';
import { messageProblem } from '../../src/driver/inbox.js';
import type { Entry, EntryFormat } from '../../src/index.js';
import { DriverRig, text, turns } from './rig.js';

/** Takes only texts in capitals. */
const capitals: EntryFormat = {
  admit: (payload) => {
    if (!/^[A-Z]+$/.test(Buffer.from(payload).toString())) throw new RangeError('capitals only');
  },
  place: (type, payload) => (type === 'data' ? Buffer.concat([Buffer.from('>'), payload]) : payload),
  payloadOf: ({ type, data }) => {
    if (type === 'data' && data[0] !== '>'.charCodeAt(0)) throw new RangeError('an entry begins with >');
    return type === 'data' ? data.subarray(1) : data;
  },
};

test('given a format, when it does not admit a proposal, then the caller hears why and the member goes on', async () => {
  const rig = await new DriverRig({}, { format: capitals }).open();
  const leader = await rig.leader();
  await expect(leader.propose(text('tea'))).rejects.toThrow('capitals only');
  const outcome = leader.propose(text('TEA'));
  await rig.pass(300);
  expect(await outcome).toMatchObject({ kind: 'committed' });
  expect(rig.machines.map(({ texts }) => texts)).toEqual([['>TEA'], ['>TEA'], ['>TEA']]);
  expect(rig.failures).toEqual([]);
  await rig.stop();
});

test('given a format, then a message whose entries are not in it is refused by name', async () => {
  const entries: readonly Entry[] = [{ index: 1, term: 1, type: 'data', data: text('no mark') }];
  const message = {
    kind: 'append',
    id: 1,
    from: 'a@1',
    to: 'b@1',
    term: 1,
    prevIndex: 0,
    prevTerm: 0,
    entries,
    commit: 0,
  };
  expect(messageProblem(message)).toBe(null);
  expect(messageProblem(message, capitals)).toBe('append: entry 1 is no data entry: an entry begins with >');
});

test('a state machine is told what its snapshot is the state after', async () => {
  const rig = await new DriverRig().open();
  const leader = await rig.leader();
  const machine = rig.machines[rig.groups.indexOf(leader)]!;
  const asked: number[] = [];
  machine.snapshot = (index?: number) => {
    asked.push(index!);
    return text('[]');
  };
  void leader.propose(text('x'));
  await rig.pass(100);
  const taken = leader.snapshot();
  await turns();
  expect(asked).toEqual([(await taken).index]);
  await rig.stop();
});
