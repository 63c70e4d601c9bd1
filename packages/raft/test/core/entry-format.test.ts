import { expect, test } from 'vitest';
import { entry, Lab, type LabInit, member } from '../../sim/scenarios/lab.js';
import { decodeConfiguration, type Entry, type EntryFormat, encodeConfiguration } from '../../src/index.js';

/** Puts `<type> <index>/<term>:` before every payload, and notes what it is told. */
class Labelled implements EntryFormat {
  readonly told: string[] = [];

  place(type: string, payload: Uint8Array, index: number, term: number): Uint8Array {
    this.told.push(`place ${index}/${term}`);
    return Buffer.concat([Buffer.from(`${type} ${index}/${term}:`), payload]);
  }

  payloadOf({ data }: Entry): Uint8Array {
    return data.subarray(data.indexOf(':'.charCodeAt(0)) + 1);
  }

  appended({ index, term }: Entry): void {
    this.told.push(`appended ${index}/${term}`);
  }

  truncated(from: number): void {
    this.told.push(`truncated ${from}`);
  }

  replaced({ index, term }: { readonly index: number; readonly term: number }): void {
    this.told.push(`replaced ${index}/${term}`);
  }
}

function given(init: LabInit = {}): { lab: Lab; format: Labelled } {
  const format = new Labelled();
  return { lab: new Lab({ settings: { isPreVoteOn: false }, ...init, format }), format };
}

const textOf = ({ data }: Entry): string => new TextDecoder().decode(data);

test('given a format, when a leader adds entries, then the disk and the followers get the bytes that it gave, each made once and in order', () => {
  const { lab, format } = given({ log: [1], term: 1, commit: 1 });
  lab.becomeLeader([2]);
  lab.receive('append-accepted', 2, { match: 2 });
  lab.step({ kind: 'propose', data: [Buffer.from('tea'), Buffer.from('milk')] });
  const written = lab.effects.flatMap((effect) => (effect.kind === 'persist' ? effect.entries : []));
  expect(written.map(textOf)).toEqual(['noop 2/2:', 'data 3/2:tea', 'data 4/2:milk']);
  const sent = lab.take('append').filter(({ to }) => to === member(2));
  expect(sent.flatMap(({ entries }) => entries).map(textOf)).toEqual(written.map(textOf));
  expect(format.told).toEqual([
    ...['place 2/2', 'appended 2/2'],
    ...['place 3/2', 'appended 3/2', 'place 4/2', 'appended 4/2'],
  ]);
});

test('given a format, when the members change, then the configuration is read back out of the bytes, here and on a follower', () => {
  const { lab } = given({ log: [1], term: 1, commit: 1 });
  lab.becomeLeader([2]);
  lab.receive('append-accepted', 2, { match: 2 });
  const voters = [member(1), member(2), member(3)];
  lab.step({ kind: 'propose-membership', expects: lab.core.configuration.index, voters, learners: [member(4)] });
  expect(lab.core.configuration).toMatchObject({ index: 3, configuration: { learners: [member(4)] } });
  const brought = lab.effects.flatMap((effect) => (effect.kind === 'persist' ? effect.entries : [])).at(-1)!;
  expect(textOf(brought)).toMatch(/^configuration 3\/2:\{/);

  const follower = given({ id: 2, log: [1, 2], term: 2, commit: 1 });
  follower.lab.append(1, { prevIndex: 2, prevTerm: 2, entries: [brought] });
  expect(follower.lab.core.configuration).toEqual(lab.core.configuration);
  expect(follower.format.told).toEqual(['appended 3/2']);
});

test('given entries of a deposed leader, when another leader replaces them, then the format is told of the cut before it is told of what follows', () => {
  const { lab, format } = given({ log: [1, 1, 1, 1], term: 1, commit: 2 });
  lab.append(2, { term: 3, prevIndex: 2, prevTerm: 1, entries: [entry(3, 3), entry(4, 3)] });
  expect(format.told).toEqual(['truncated 3', 'appended 3/3', 'appended 4/3']);
  // The same again changes nothing.
  lab.append(2, { term: 3, prevIndex: 2, prevTerm: 1, entries: [entry(3, 3), entry(4, 3)] });
  expect(format.told).toHaveLength(3);
});

test('given a log that ends before a snapshot, when the snapshot is installed, then the format is told that the log was replaced', () => {
  const { lab, format } = given({ log: [1, 1], term: 1, commit: 1 });
  const configuration = { voters: [member(1), member(2), member(3)], outgoing: [], learners: [] };
  const snapshot = { id: 'one', index: 9, term: 2, configuration, configurationIndex: 4 };
  lab.receive('snapshot-chunk', 2, { term: 2, snapshot, offset: 0, data: Buffer.from('state'), isLast: true });
  lab.sync();
  expect(lab.status).toMatchObject({ firstIndex: 10, lastIndex: 9 });
  expect(format.told).toEqual(['replaced 9/2']);
});

test('given entries that found no room, when they are dropped, then the format is told, and told again once they are written', () => {
  const { lab, format } = given({ log: [1], term: 1, commit: 1 });
  lab.isSyncing = false;
  lab.append(2, { term: 1, prevIndex: 1, prevTerm: 1, entries: [entry(2, 1)] });
  lab.step({ kind: 'write-failed', from: 1, isFatal: false });
  lab.sync();
  lab.step({ kind: 'storage-ready' });
  lab.append(2, { term: 1, prevIndex: 1, prevTerm: 1, entries: [entry(2, 1)] });
  expect(format.told).toEqual(['appended 2/1', 'truncated 2', 'appended 2/1']);
});

test('without a format, entries are what was proposed', () => {
  const lab = new Lab({ log: [1], term: 1, commit: 1, settings: { isPreVoteOn: false } }).becomeLeader([2]);
  const proposal = Buffer.from('as it is');
  lab.step({ kind: 'propose', data: [proposal] });
  const written = lab.effects.flatMap((effect) => (effect.kind === 'persist' ? effect.entries : []));
  expect(written.at(-1)!.data).toBe(proposal);
  const configuration = { voters: [member(1)], outgoing: [], learners: [] };
  expect(decodeConfiguration(encodeConfiguration(configuration))).toEqual(configuration);
});
