/**
 * A member is a disk, not a machine: the node's id and the id that its data directory drew when it was created. A node
 * whose disk was wiped comes back as another member, so whatever the old one had promised, the new one cannot break: it is
 * in no configuration, and messages for the old one are not for it.
 */
export type MemberId = `${string}@${string}`;

/** @throws TypeError when either part is empty, or the storage id contains `@` */
export function memberId(nodeId: string, storageId: string): MemberId {
  if (nodeId === '' || storageId === '' || storageId.includes('@')) {
    throw new TypeError(`a member needs a node id and a storage id without "@", got "${nodeId}" and "${storageId}"`);
  }
  return `${nodeId}@${storageId}`;
}

export function nodeOf(member: MemberId): string {
  return member.slice(0, member.lastIndexOf('@'));
}

export function storageOf(member: MemberId): string {
  return member.slice(member.lastIndexOf('@') + 1);
}
