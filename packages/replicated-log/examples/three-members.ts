import { mkdtemp } from 'node:fs/promises';
import { MemoryNetwork, memberId, RaftHost } from '@commitlog/raft';
import { encodeBatch } from '@commitlog/record';
import { LogStorage, logMachine } from '@commitlog/replicated-log';
import { nodeClock as clock, nodeFiles as files, nodeRandom as random } from '@commitlog/runtime/node';

const network = new MemoryNetwork({ clock });
const founders = { voters: ['a', 'b', 'c'].map((node) => memberId(node, 'disk1')), learners: [] };
const open = async (self: (typeof founders.voters)[number]) => {
  const storage = await LogStorage.open({ dir: await mkdtemp('/tmp/drinks-'), founders }, { files, clock });
  const host = new RaftHost({}, { clock, transport: network.transport(self[0]!) });
  host.start();
  const components = { storage, format: storage.format, machine: logMachine(storage), random };
  return { storage, host, group: await host.open('drinks', { self, trailing: 0 }, components) };
};
const members = await Promise.all(founders.voters.map(open));
while (!members.some(({ group }) => group.isLeader)) await new Promise((resolve) => setTimeout(resolve, 20));
const leader = members.find(({ group }) => group.isLeader)!.group;
await leader.propose(encodeBatch(['tea', 'milk'].map((drink) => ({ value: Buffer.from(drink) }))));
const committed = await Promise.all(members.map(({ group }) => group.read())); // what is committed is here, too
for (const [at, { storage, group }] of members.entries()) {
  const drinks = storage.log.records({ from: { offset: 0 }, throughIndex: committed[at]! });
  for await (const { offset, value } of drinks) console.log(group.self, offset, `${value}`);
}
