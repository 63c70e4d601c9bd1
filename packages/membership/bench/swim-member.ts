import { createRequire } from 'node:module';
import { nowMs, type Sighting } from './protocol.js';

interface Update {
  readonly host: string;
  readonly state: number;
}
interface Swim {
  bootstrap(hosts: readonly string[], done: (error?: Error) => void): void;
  on(event: 'change' | 'update', listener: (update: Update) => void): void;
  leave(): void;
}
type SwimConstructor = new (options: object) => Swim;

const require = createRequire(new URL('../compare/swim/package.json', import.meta.url));
const faulty = 2;

/** Whether `npm install --prefix packages/membership/compare/swim` has been run, and has worked. */
export function isSwimInstalled(): boolean {
  try {
    require('swim');
    return true;
  } catch {
    return false;
  }
}

/** swim-js, with the times of our LAN profile. */
export function startSwim(
  init: { readonly port: number; readonly join: number | undefined; readonly members: number },
  tell: (sighting: Sighting) => void,
) {
  const Swim = require('swim') as SwimConstructor;
  const swim = new Swim({
    local: { host: `127.0.0.1:${init.port}` },
    codec: 'msgpack',
    interval: 1_000,
    joinTimeout: 1_000,
    pingTimeout: 500,
    pingReqTimeout: 1_000,
    pingReqGroupSize: 3,
    suspectTimeout: 4_000 * Math.max(1, Math.log10(init.members)),
    udp: { maxDgramSize: 1_400 },
  });
  const live = new Set<number>();
  const see = ({ host, state }: Update): void => {
    const subject = Number(host.split(':')[1]);
    const isNews = state === faulty ? live.delete(subject) : state === 0 && !live.has(subject);
    if (state === 0) live.add(subject);
    if (isNews && subject !== init.port) {
      tell({ kind: state === faulty ? 'failed' : 'joined', observer: init.port, subject, atMs: nowMs() });
    }
  };
  swim.on('change', see);
  swim.on('update', see);
  const hosts = init.join === undefined ? [] : [`127.0.0.1:${init.join}`];
  return new Promise<{ leave: () => void }>((resolve, reject) => {
    swim.bootstrap(hosts, (error) => (error ? reject(error) : resolve({ leave: () => swim.leave() })));
  });
}
