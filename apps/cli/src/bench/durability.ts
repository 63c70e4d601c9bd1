import { ApiError } from '@commitlog/api';
import { Admin } from '../cluster/admin.js';
import { shownMember } from '../cluster/member.js';
import type { Connection } from '../connection.js';
import type { World } from '../world.js';

/** What an acknowledgement is worth. */
export interface Durability {
  /** `null` where this client may not ask. */
  readonly voters: number | null;
  readonly quorum: number | null;
  readonly sentence: string;
}

/** @param directory of a cluster of our own, whose disk we know */
export async function durabilityOf(
  connection: Connection,
  world: World,
  directory?: { readonly path: string; readonly isInMemory: boolean },
): Promise<Durability> {
  const voters = await votersOf(connection, world);
  const quorum = voters === undefined ? undefined : Math.floor(voters / 2) + 1;
  const who =
    quorum === undefined
      ? 'a majority of the voters has'
      : `${quorum} of ${voters} voters ${quorum === 1 ? 'has' : 'have'}`;
  const onlyInMemory = directory?.isInMemory ? `; but ${directory.path} is in memory, where that is worth nothing` : '';
  return {
    voters: voters ?? null,
    quorum: quorum ?? null,
    sentence: `acknowledged when ${who} written it and synced it to disk (fdatasync)${onlyInMemory}`,
  };
}

async function votersOf(connection: Connection, world: World): Promise<number | undefined> {
  const admin = await Admin.open(connection, world);
  try {
    const { members } = await admin.anyone((client, timeoutMs) => client.listMembers({}, { timeoutMs }));
    return members.map(shownMember).filter(({ role }) => role === 'voter').length;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'PERMISSION_DENIED') return undefined;
    throw error;
  } finally {
    admin.close();
  }
}
