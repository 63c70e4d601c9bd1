import { Keyring, Membership } from '@commitlog/membership';
import * as world from '@commitlog/runtime/node';

const key = world.nodeRandom.bytes(32);
const startMember = async (name: string) => {
  const init = { name, cluster: 'demo', bind: { host: '127.0.0.1', port: 0 }, tags: { role: 'voter' } };
  const { nodeDatagrams: datagrams, nodeStreams: streams, nodeClock: clock, nodeRandom: random } = world;
  const member = new Membership(init, { datagrams, streams, clock, random, keyring: new Keyring(key) });
  await member.start();
  return member;
};
const [ada, bob, eve] = [await startMember('ada'), await startMember('bob'), await startMember('eve')];

const seen = (async () => {
  for await (const { kind, member } of ada.events()) console.log(`${member.name} ${kind}, a ${member.tags.role}`);
})();
await bob.join([ada.self.address]);
await eve.join([ada.self.address]);
await eve.leave(); // resolves once the others were told
await ada.stop();
await Promise.all([seen, bob.stop()]);
