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
/** Not among our dependencies: it is there if somebody has put it there. */
const library: string = 'swim';
const faulty = 2;

/** Whether `npm install --prefix packages/membership/compare/swim` has been run, and has worked. */
export function isSwimInstalled(): boolean {
  try {
    require(library);
    return true;
  } catch {
    return false;
  }
}

/**
 * swim-js, with the settings of its README, but for more time to join. With the times of our LAN profile a small cluster never notices a kill: each suspicion starts its
 * suspect's time anew, and comes more often than that is over.
 */
export function startSwim(
  init: { readonly port: number; readonly join: number | undefined },
  tell: (sighting: Sighting) => void,
) {
  const Swim = require(library) as SwimConstructor;
  const swim = new Swim({
    local: { host: `127.0.0.1:${init.port}` },
    codec: 'msgpack',
    disseminationFactor: 15,
    interval: 100,
    joinTimeout: 5_000,
    pingTimeout: 20,
    pingReqTimeout: 60,
    pingReqGroupSize: 3,
    suspectTimeout: 60,
    udp: { maxDgramSize: 512 },
    preferCurrentMeta: true,
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
