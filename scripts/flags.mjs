/**
 * The whole number that a flag of a test or a benchmark was given.
 *
 * @param {string} flag its name, for the message
 * @param {string | undefined} text what was given; `undefined` for nothing
 * @param {number} min
 * @param {number} max
 * @returns {number | undefined} `undefined` when nothing was given
 */
export function integerFlag(flag, text, min, max) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`${flag} must be an integer from ${min} to ${max}, got "${text}"`);
}
