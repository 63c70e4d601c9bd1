import { nodeClock, nodeDatagrams, nodeRandom, nodeStreams } from '@commitlog/runtime/node';
import { Keyring, Membership } from '../src/index.js';
import { nowMs, type Sighting } from './protocol.js';

const key = new Uint8Array(32).fill(7);

/** A sealed member on the LAN profile. */
export async function startOurs(port: number, join: number | undefined, tell: (sighting: Sighting) => void) {
  const member = new Membership(
    { name: `m${port}`, cluster: 'bench', bind: { host: '127.0.0.1', port }, profile: 'lan' },
    {
      datagrams: nodeDatagrams,
      streams: nodeStreams,
      clock: nodeClock,
      random: nodeRandom,
      keyring: new Keyring(key),
    },
  );
  const events = member.events();
  void (async () => {
    for await (const { kind, member: subject } of events) {
      if (kind === 'suspected' || kind === 'updated') continue;
      tell({ kind, observer: port, subject: subject.address.port, atMs: nowMs() });
    }
  })();
  await member.start();
  if (join !== undefined) await member.join([{ host: '127.0.0.1', port: join }]);
  return { leave: () => member.leave() };
}
