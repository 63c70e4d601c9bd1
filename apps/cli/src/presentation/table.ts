/** A column: its heading, and whether it holds numbers, which stand to the right. */
export interface Column {
  readonly heading: string;
  readonly isNumber?: boolean;
}

export interface TableOptions {
  /** At most so many rows are shown, those in the middle left out; all unless told. */
  readonly rowsMax?: number;
}

/** Rows under headings, each column as wide as it must be, two spaces in front of each. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const headings = columns.map(({ heading }) => heading);
  const shown = abridged(rows, options.rowsMax ?? Number.POSITIVE_INFINITY);
  const cells = [headings, ...shown.filter((row) => typeof row !== 'string')];
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => row[at]!.length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => (columns[at]!.isNumber ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!))).join('  ');
  const lines = [headings, ...shown].map((row) => (typeof row === 'string' ? row : line(row)));
  return lines.map((text) => `  ${text.trimEnd()}\n`).join('');
}

function abridged(rows: readonly (readonly string[])[], rowsMax: number): (readonly string[] | string)[] {
  if (rows.length <= rowsMax) return [...rows];
  const head = Math.ceil((rowsMax - 1) / 2);
  const tail = rowsMax - 1 - head;
  const left = rows.length - head - tail;
  return [...rows.slice(0, head), `… ${left} more …`, ...rows.slice(rows.length - tail)];
}
