import { expect, test } from 'vitest';
import { integerFlag } from '../../../../scripts/flags.mjs';
import { type Flags, readFlags } from '../../src/swarm/index.js';

const read = (args: readonly string[], isTraced = true, mutants = ['one', 'other']): Flags =>
  readFlags(args, { modes: ['mutants'], mutants, isTraced, isDrawn: isTraced }, { integerFlag });

test('given nothing, then it is a swarm of a hundred seeds', () => {
  expect(read([])).toMatchObject({ seeds: 100, mode: undefined, seed: undefined, isJson: false });
});

test('given flags, then they are read', () => {
  expect(read(['--seed', '0x2a', '--trace', 'file', '--mutant', 'other', '--json'])).toMatchObject({
    seed: '0x2a',
    trace: 'file',
    mutant: 'other',
    isJson: true,
  });
  expect(read(['--seed', '0x2a', '--timeline', 'page'])).toMatchObject({ seed: '0x2a', timeline: 'page' });
  expect(read(['mutants', '--only', 'on', '--cores', '3'])).toMatchObject({ mode: 'mutants', only: 'on', cores: 3 });
});

test.each([
  ['a seed count that is none', () => read(['--seeds', '1.5']), /--seeds must be an integer from 1 to 10000000/],
  ['a mode that is none', () => read(['mutant']), /"mutant" is not mutants/],
  ['a mutant that is none', () => read(['--mutant', 'third']), /there is no mutant "third"; there are: one, other/],
  ['a trace of what has none', () => read(['--trace', 'file'], false), /--trace/],
  ['a timeline of what has none', () => read(['--timeline', 'page'], false), /--timeline/],
  ['a trace of no run in particular', () => read(['--trace', 'file']), /--trace is of one run: say which, with --seed/],
  ['a timeline of no run in particular', () => read(['--timeline', 'page']), /--timeline is of one run: say which/],
  ['a mutant of what has none', () => read(['--only', 'one'], true, []), /--only/],
])('given %s, then it says so', (_what, reading, message) => {
  expect(reading).toThrow(message);
});
