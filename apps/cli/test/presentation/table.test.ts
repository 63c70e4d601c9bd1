import { expect, it } from 'vitest';
import { table } from '../../src/presentation/table.js';

const columns = [{ heading: 'name' }, { heading: 'bytes', isNumber: true }, { heading: 'purpose' }];

it('columns are as wide as they must be, numbers stand to the right, and no line ends in spaces', () => {
  const rows = [
    ['a', '1', 'first'],
    ['longer', '1,234,567', ''],
  ];
  expect(table(columns, rows)).toBe(
    ['  name        bytes  purpose', '  a               1  first', '  longer  1,234,567', ''].join('\n'),
  );
});

it('of too many rows the first and the last are shown, and how many are not', () => {
  const rows = Array.from({ length: 100 }, (_, at) => [`row ${at}`, '1', '']);
  const lines = table(columns, rows, { rowsMax: 5 }).trimEnd().split('\n');
  expect(lines.map((line) => line.trim().replace(/ +1$/, ''))).toEqual([
    'name    bytes  purpose',
    'row 0',
    'row 1',
    '… 96 more …',
    'row 98',
    'row 99',
  ]);
});
