import type { Command } from 'commander';
import { Admin, type AdminClient } from '../cluster/admin.js';
import { shownMember } from '../cluster/member.js';
import { standingOf } from '../cluster/standing.js';
import { type ConnectionOptions, connectionOf, withConnection } from '../connection.js';
import { exitStatus } from '../errors.js';
import type { Invocation } from '../invocation.js';
import { facts } from '../presentation/facts.js';
import { painted } from '../presentation/paint.js';
import { count } from '../presentation/quantity.js';
import { table } from '../presentation/table.js';

export function clusterCommands(parent: Command, invocation: Invocation): void {
  const cluster = parent
    .command('cluster')
    .helpCommand(false)
    .description('look at a cluster that runs, and change its members');
  withConnection(cluster.command('status'))
    .description('say how the cluster is, and how many nodes may still be lost; status 1 unless all is well')
    .action((options: ConnectionOptions) => withAdmin(options, invocation, (admin) => status(admin, invocation)));
  withConnection(cluster.command('members'))
    .description('list the nodes: where they are, what they are, how they are, how far they are')
    .action((options: ConnectionOptions) => withAdmin(options, invocation, (admin) => members(admin, invocation)));
  withConnection(cluster.command('add'))
    .description('let a node in that is new, or that was removed')
    .argument('<node>', 'its id; it must run, with --join')
    .addHelpText('after', '\nExample:\n  commitlog cluster add n4')
    .action((nodeId: string, options: ConnectionOptions) =>
      withAdmin(options, invocation, async (admin) => {
        const { member } = await admin.leader((client, timeoutMs) => client.addMember({ nodeId }, { timeoutMs }));
        const text = `${nodeId} may be a member: it learns the log now, and votes when a vote is wanted\n`;
        invocation.print({ json: { nodeId, member: member === undefined ? null : shownMember(member) }, text });
      }),
    );
  withConnection(cluster.command('remove'))
    .description('take a node out for good: it stays out until it is added again')
    .argument('<node>', 'its id; it may run or not')
    .addHelpText('after', '\nExample:\n  commitlog cluster remove n3')
    .action((nodeId: string, options: ConnectionOptions) =>
      withAdmin(options, invocation, async (admin) => {
        await admin.leader((client, timeoutMs) => client.removeMember({ nodeId }, { timeoutMs }));
        const text = `${nodeId} is no member any more, and stays out until \`commitlog cluster add ${nodeId}\`\n`;
        invocation.print({ json: { nodeId, isRemoved: true }, text });
      }),
    );
  withConnection(cluster.command('transfer'))
    .description('hand leadership over, before maintenance of the leader for instance')
    .argument('[node]', 'the voter that is to lead; whichever is furthest unless told')
    .addHelpText('after', '\nExamples:\n  commitlog cluster transfer\n  commitlog cluster transfer n2')
    .action((toNodeId: string | undefined, options: ConnectionOptions) =>
      withAdmin(options, invocation, async (admin) => {
        const request = { toNodeId: toNodeId ?? '' };
        const { leaderId, term } = await admin.leader((client, timeoutMs) =>
          client.transferLeadership(request, { timeoutMs }),
        );
        invocation.print({ json: { leaderId, term: Number(term) }, text: `${leaderId} leads, in term ${term}\n` });
      }),
    );
}

/** Runs something with a way into the cluster, and closes that. */
export async function withAdmin(
  options: ConnectionOptions,
  invocation: Invocation,
  run: (admin: Admin) => Promise<void>,
): Promise<void> {
  const admin = await Admin.open(connectionOf(options, invocation), invocation.world);
  try {
    await run(admin);
  } finally {
    admin.close();
  }
}

async function status(admin: Admin, invocation: Invocation): Promise<void> {
  const [cluster, { members: listed }] = await admin.anyone(async (client, timeoutMs) => [
    await client.getClusterStatus({}, { timeoutMs }),
    await client.listMembers({}, { timeoutMs }),
  ]);
  const nodes = listed.map(shownMember);
  const voters = nodes.filter(({ role }) => role === 'voter');
  const standing = standingOf(voters, cluster.leaderId);
  if (!standing.isWell) invocation.status = exitStatus.negative;
  const { clusterId, nodeId, leaderId, leaderAddress, targetVoters, learners, isChanging, version } = cluster;
  const [term, commitIndex] = [Number(cluster.term), Number(cluster.commitIndex)];
  const { sentence, ...figures } = standing;
  const told = facts([
    ['cluster', clusterId],
    ['leader', leaderId === '' ? 'none' : `${leaderId} at ${leaderAddress}, term ${count(term)}`],
    ['voters', `${named(voters)}; ${targetVoters} wanted`],
    ['learners', named(nodes.filter(({ role }) => role === 'learner'))],
    ['committed', `up to index ${count(commitIndex)}`],
    ['change', isChanging ? 'of members, under way' : 'none under way'],
    ['told by', `${nodeId}, version ${version}`],
  ]);
  const paint = standing.isWell ? 'green' : standing.mayBeLost < 0 ? 'red' : 'yellow';
  const text = `${painted(sentence, paint, invocation.world.out)}\n\n${told}`;
  const json = {
    clusterId,
    nodeId,
    leaderId,
    leaderAddress,
    term,
    commitIndex,
    targetVoters,
    learners,
    isChanging,
    version,
    ...figures,
    sentence,
  };
  invocation.print({ json, text });
}

function named(nodes: readonly { readonly nodeId: string }[]): string {
  return nodes.map(({ nodeId }) => nodeId).join(', ') || 'none';
}

async function members(admin: Admin, { print }: Invocation): Promise<void> {
  // The leader knows how far each is; without one, any server knows who there is.
  const list = (client: AdminClient, timeoutMs: number) => client.listMembers({}, { timeoutMs });
  const { leaderId } = await admin.anyone((client, timeoutMs) => client.getClusterStatus({}, { timeoutMs }));
  const answer = leaderId === '' ? await admin.anyone(list) : await admin.leader(list);
  const nodes = answer.members.map(shownMember);
  const rows = nodes.map(({ nodeId, address, role, health, isLeader, matchIndex }) => [
    nodeId,
    address || '-',
    isLeader ? 'leader' : role,
    health,
    matchIndex === null ? '-' : count(matchIndex),
  ]);
  const columns = [
    { heading: 'node' },
    { heading: 'address' },
    { heading: 'role' },
    { heading: 'health' },
    { heading: 'on its disk', isNumber: true },
  ];
  print({ json: { members: nodes }, lines: nodes, text: table(columns, rows) });
}
