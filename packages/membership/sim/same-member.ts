import { addressText, type Member } from '../src/index.js';

/** That a member says the same again, at a higher incarnation, is no news to people. */
export function isSameButForIncarnation(one: Member, other: Member): boolean {
  return (
    one.status === other.status &&
    addressText(one.address) === addressText(other.address) &&
    JSON.stringify(one.tags) === JSON.stringify(other.tags)
  );
}
