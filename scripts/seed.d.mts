/** An unsigned 32-bit integer. */
export function commitSeed(): number;
