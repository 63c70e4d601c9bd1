/** A text cut where its lines end. */
export interface CutLines {
  /** Each one line with what ends it, or a part of one that is too long: back to back they are the bytes that were cut. Views of them. */
  readonly pieces: readonly Buffer[];
  /** How many of the pieces end a line. */
  readonly lines: number;
  /** The start of a line that goes on in bytes still to come; a view, too. */
  readonly rest: Buffer;
}

const lineFeed = 0x0a;

/**
 * Cuts bytes behind every line feed. Any bytes will do: what is no text has lines, too.
 *
 * @param isLast nothing comes behind them, so that what follows the last line feed is a line as well
 * @param pieceBytesMax a longer line becomes several pieces
 */
export function cutLines(bytes: Buffer, isLast: boolean, pieceBytesMax: number): CutLines {
  const pieces: Buffer[] = [];
  let [at, lines] = [0, 0];
  while (at < bytes.length) {
    const furthest = Math.min(bytes.length, at + pieceBytesMax);
    const found = bytes.subarray(at, furthest).indexOf(lineFeed);
    const isCutShort = found === -1 && furthest === bytes.length;
    if (isCutShort && !isLast) break;
    const end = found === -1 ? furthest : at + found + 1;
    pieces.push(bytes.subarray(at, end));
    if (found !== -1 || isCutShort) lines += 1;
    at = end;
  }
  return { pieces, lines, rest: bytes.subarray(at) };
}
