import type { Effect, Index, Input } from '../src/index.js';
import { check } from './violation.js';
import type { Witnessed } from './witnessed.js';

/** What members were told that they cannot read: until it is really mended, they know it. */
export class Holes {
  readonly #told: WeakMap<Witnessed, Set<Index>> = new WeakMap();

  started(node: Witnessed): void {
    this.#told.set(node, new Set(node.disk.rotten));
  }

  stepped(node: Witnessed, input: Input, effects: readonly Effect[]): void {
    const told = this.#told.get(node)!;
    if (input.kind === 'unreadable') for (const index of input.indexes) told.add(index);
    else if (input.kind === 'read-failed') for (const index of input.unreadable) told.add(index);
    if (told.size === 0) return;
    const cutFrom = effects.find((effect) => effect.kind === 'persist')?.truncateFrom ?? Number.POSITIVE_INFINITY;
    const { firstIndex, lastIndex, firstUnreadable, unreadable } = node.core!.status;
    for (const index of told) {
      const isInLog = index >= firstIndex && index <= lastIndex && index < cutFrom;
      if (!isInLog || !node.disk.rotten.has(index)) told.delete(index);
      const isKnown = !told.has(index) || (firstUnreadable !== null && firstUnreadable <= index);
      check('6 holes are known', isKnown, `${node.member} takes ${index} for readable, and it is not`);
    }
    check('6 holes are known', unreadable >= told.size, `${node.member} knows ${unreadable} holes of ${told.size}`);
  }
}
