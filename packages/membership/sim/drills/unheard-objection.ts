import { encodeMessage } from '../../src/core/message.js';
import { PacketBuilder, payloadBytesMax } from '../../src/core/packet.js';
import { profiles } from '../../src/index.js';
import { calmNetwork, SimCluster } from '../cluster.js';
import type { SimNode } from '../node.js';
import { Violation } from '../violation.js';

/** Long enough for news to be told as often as it is, and far shorter than a suspicion. */
const toldMs = 1_500;

/**
 * Nine members: all suspect the first, it objects, and the second alone misses that and does not reach the first. Nobody tells it any
 * more, its own suspicion is told, and anti-entropy is far off: it has to ask before it gives up whom all others know to be well.
 */
export function unheardObjection(seed: string): void {
  const cluster = new SimCluster({
    seed: `unheard objection ${seed}`,
    nodes: 9,
    settings: { ...profiles.lan, pushPullIntervalMs: 3_600_000 },
    network: calmNetwork,
    isSealed: false,
  });
  cluster.startTogether();
  cluster.runFor(5_000);
  cluster.watchers.push((node, { kind, member }) => {
    if (kind !== 'failed') return;
    throw new Violation('who objected is not given up', `${node.name} gave up ${member.name}`);
  });
  const [first, second, third, ...confirming] = cluster.nodes as [SimNode, SimNode, SimNode, ...SimNode[]];
  const names = cluster.nodes.map(({ name }) => name);
  const cutOff = (one: SimNode): void =>
    cluster.network.partition(
      [one.name],
      names.filter((name) => name !== one.name),
    );
  cutOff(first);
  // Three, so that it is a shared suspicion, and a short one.
  for (const from of confirming.slice(0, 3)) for (const to of [second, third]) suspect(to, first, from);
  cluster.runFor(toldMs);
  cluster.network.healAll();
  cutOff(second);
  suspect(first, first, third);
  cluster.runFor(toldMs);
  cluster.network.healAll();
  cluster.network.partition([first.name], [second.name]);
  cluster.runFor(10_000);
}

/** `to` hears from `from` that it suspects `about`. */
function suspect(to: SimNode, about: SimNode, from: SimNode): void {
  const { incarnation } = from.core!.self;
  const packet = new PacketBuilder({ from: from.name, to: to.name, incarnation }, payloadBytesMax);
  packet.add(encodeMessage({ kind: 'suspect', about: about.name, incarnation: 0, from: from.name }));
  to.step({ kind: 'packet', from: from.address, bytes: packet.bytes() });
}
