import type { Member, Tags } from '../src/index.js';

/** That a member says the same again, at a higher incarnation, is no news to people. */
export function isSameButForIncarnation(one: Member, other: Member): boolean {
  return (
    one.status === other.status &&
    one.address.host === other.address.host &&
    one.address.port === other.address.port &&
    hasSameTags(one.tags, other.tags)
  );
}

function hasSameTags(one: Tags, other: Tags): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}
