import type { Member } from '../src/index.js';
import type { SimCluster } from './cluster.js';
import { isSameButForIncarnation } from './same-member.js';

/** Whether everybody who is there knows everybody who is there, just as each is, and nobody else. */
export function haveConverged(cluster: SimCluster): boolean {
  const { there } = cluster;
  // First whether the numbers can be right: that is cheap.
  if (!there.every((node) => node.core!.held.members === there.length)) return false;
  return firstDifference(cluster) === undefined;
}

/** Where a view differs from what is so, in words. */
export function firstDifference({ there }: SimCluster): string | undefined {
  const truth = new Map(there.map(({ name, core }) => [name, core!.self]));
  for (const node of there) {
    const { view } = node;
    for (const member of view) {
      const own = truth.get(member.name);
      if (own === undefined || !isSame(member, own)) {
        return `${node.name} has ${JSON.stringify(member)}, it is ${JSON.stringify(own ?? 'not there')}`;
      }
    }
    // All that it sees are there, and each once: if it sees as many as there are, it sees all.
    if (view.length === there.length) continue;
    const missing = there.find((each) => !view.some(({ name }) => name === each.name))!;
    return `${node.name} does not have ${missing.name}: ${JSON.stringify(node.core!.member(missing.name))}`;
  }
  return undefined;
}

function isSame(one: Member, other: Member): boolean {
  return one.incarnation === other.incarnation && isSameButForIncarnation(one, other);
}
