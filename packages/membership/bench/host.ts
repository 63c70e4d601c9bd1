/** A process that hosts members and does as it is told by the bench. */
import { startOurs } from './our-member.js';
import type { Order, Sighting } from './protocol.js';
import { startSwim } from './swim-member.js';

const members = new Map<number, { leave: () => unknown }>();
const tell = (sighting: Sighting): void => void process.send!(sighting);

process.on('message', (order: Order) => void obey(order));
process.send!('ready');

async function obey(order: Order): Promise<void> {
  if (order.kind === 'start') {
    const { library, port, join } = order;
    members.set(port, library === 'ours' ? await startOurs(port, join, tell) : await startSwim(order, tell));
  } else if (order.kind === 'leave') await members.get(order.port)!.leave();
  else overload(order);
}

function overload({ busyMs, idleMs, forMs }: Extract<Order, { kind: 'overload' }>): void {
  const untilMs = performance.now() + forMs;
  const burst = (): void => {
    const endMs = performance.now() + busyMs;
    while (performance.now() < endMs);
    if (endMs < untilMs) setTimeout(burst, idleMs);
  };
  burst();
}
