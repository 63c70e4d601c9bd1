/** How many of the first of a sorted list pass: the index of the first that does not. */
export function countWhile<Each>(sorted: readonly Each[], passes: (each: Each) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (passes(sorted[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
