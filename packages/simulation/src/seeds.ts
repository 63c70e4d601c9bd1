/** `count` seeds that belong to `base`, and to no other base nearby. */
export function seedsFrom(base: number, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `0x${((base + Math.imul(at, 0x9e3779b1)) >>> 0).toString(16)}`);
}
