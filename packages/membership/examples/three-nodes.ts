import { Keyring, Membership } from '@commitlog/membership';
import * as world from '@commitlog/runtime/node';

const key = world.nodeRandom.bytes(32);
const member = async (name: string) => {
  const init = { name, cluster: 'demo', bind: { host: '127.0.0.1', port: 0 }, tags: { role: 'voter' } };
  const { nodeDatagrams: datagrams, nodeStreams: streams, nodeClock: clock, nodeRandom: random } = world;
  const started = new Membership(init, { datagrams, streams, clock, random, keyring: new Keyring(key) });
  await started.start();
  return started;
};
const [ada, bob, eve] = [await member('ada'), await member('bob'), await member('eve')];

const seen = (async () => {
  for await (const { kind, member } of ada.events()) console.log(`${member.name} ${kind}, ${member.tags.role}`);
})();
await bob.join([ada.self.address]);
await eve.join([ada.self.address]);
bob.setTags({ role: 'learner' });
await eve.leave(); // resolves once the others were told
await ada.stop();
await Promise.all([seen, bob.stop()]);
