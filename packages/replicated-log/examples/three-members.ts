import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { MemoryNetwork, memberId, RaftHost } from '@commitlog/raft';
import { encodeBatch } from '@commitlog/record';
import { ReplicatedLog } from '@commitlog/replicated-log';
import { nodeClock as clock, nodeFiles as files, nodeRandom as random } from '@commitlog/runtime/node';

const [base, network, storageId] = [mkdtempSync(`${tmpdir()}/drinks-`), new MemoryNetwork({ clock }), '0'.repeat(32)];
process.once('exit', () => rmSync(base, { recursive: true, force: true }));
const founders = { voters: ['a', 'b', 'c'].map((node) => memberId(node, storageId)), learners: [] };
const open = (node: string) => {
  const host = new RaftHost({}, { clock, transport: network.transport(node) });
  host.start();
  return ReplicatedLog.open({ id: 'drinks', node, dir: `${base}/${node}`, founders }, { host, files, clock, random });
};
const logs = await Promise.all(['a', 'b', 'c'].map(open));
while (!logs.some((log) => log.member.isLeader)) await new Promise((resolve) => setTimeout(resolve, 20));
const leader = logs.find((log) => log.member.isLeader)!;
const producer = await leader.openProducer({ name: 'counter 4' });
const send = () => leader.append(encodeBatch([{ value: Buffer.from('tea') }], { ...producer, baseSequence: 0 }));
for (const { offset } of [await send(), await send()]) console.log('sent, and in the log once, at', offset);
const everything = { from: 'start', linearizable: true } as const;
for (const log of logs) for await (const { offset, value } of log.records(everything)) console.log(offset, `${value}`);
await Promise.all(logs.map((log) => log.close()));
