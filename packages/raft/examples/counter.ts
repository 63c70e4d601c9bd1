import { type Entry, MemoryNetwork, MemoryStorage, memberId, RaftHost } from '@commitlog/raft';
import { nodeClock as clock, nodeRandom as random } from '@commitlog/runtime/node';

const network = new MemoryNetwork({ clock });
const voters = ['a', 'b', 'c'].map((node) => memberId(node, 'disk1'));
const counted: Entry[][] = [[], [], []];
const hosts = ['a', 'b', 'c'].map((node) => new RaftHost({}, { clock, transport: network.transport(node) }));
const groups = await Promise.all(
  hosts.map((host, at) => {
    const storage = new MemoryStorage({ voters, learners: [] });
    const machine = { apply: (entries: readonly Entry[]) => void counted[at]!.push(...entries) };
    host.start();
    return host.open('counter', { self: voters[at]!, electionTimeoutMs: 200 }, { storage, machine, random });
  }),
);
while (!groups.some((group) => group.isLeader)) await new Promise((resolve) => setTimeout(resolve, 20));

const leader = groups.find((group) => group.isLeader)!;
const outcome = await leader.propose(new TextEncoder().encode('+1'));
console.log(outcome.kind); // committed

await Promise.all(groups.map((group) => group.read())); // linearizable, on every member
console.log(counted.map((entries) => entries.length).join()); // 1,1,1
await Promise.all(hosts.map((host) => host.stop()));
