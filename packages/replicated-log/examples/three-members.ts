import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { MemoryNetwork, memberId, RaftHost } from '@commitlog/raft';
import { encodeBatch } from '@commitlog/record';
import { LogStorage, logMachine } from '@commitlog/replicated-log';
import { nodeClock as clock, nodeFiles as files, nodeRandom as random } from '@commitlog/runtime/node';

const [base, network] = [mkdtempSync(`${tmpdir()}/drinks-`), new MemoryNetwork({ clock })];
process.once('exit', () => rmSync(base, { recursive: true, force: true }));
const founders = { voters: ['a', 'b', 'c'].map((node) => memberId(node, 'disk1')), learners: [] };
const open = async (self: (typeof founders.voters)[number]) => {
  const storage = await LogStorage.open({ dir: `${base}/${self}`, founders }, { files, clock });
  const host = new RaftHost({}, { clock, transport: network.transport(self[0]!) });
  host.start();
  const components = { storage, format: storage.format, machine: logMachine(storage), random };
  return { storage, group: await host.open('drinks', { self, trailing: 0 }, components) };
};
const members = await Promise.all(founders.voters.map(open));
while (!members.some(({ group }) => group.isLeader)) await new Promise((resolve) => setTimeout(resolve, 20));
const leader = members.find(({ group }) => group.isLeader)!.group;
await leader.propose(encodeBatch(['tea', 'milk'].map((drink) => ({ value: Buffer.from(drink) }))));
for (const { storage, group } of members) {
  const from = { from: { offset: 0 }, throughIndex: await group.read() }; // what is committed is here, too
  for await (const { offset, value } of storage.log.records(from)) console.log(group.self, offset, `${value}`);
}
