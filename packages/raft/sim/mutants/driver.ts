import type { Mutant } from './mutant.js';

/** The driver: what callers are told, the order of writes, and how snapshots reach the state machine. */
export const driver: readonly Mutant[] = [
  {
    name: 'told-unknown-of-committed',
    trap: 'whoever proposed is told "unknown" where the outcome is known',
    isDriven: true,
    patches: [
      {
        file: 'driver/proposals.ts',
        find: "if (found === term) settle({ kind: 'committed', index, term });",
        replace: "if (found === term) settle({ kind: 'unknown', reason: 'x' });",
      },
    ],
  },
  {
    name: 'told-unknown-of-overwritten',
    trap: 'whoever proposed is told "unknown" where another entry is committed',
    isDriven: true,
    patches: [
      {
        file: 'driver/proposals.ts',
        find: 'else settle(this.#overwritten);',
        replace: "else settle({ kind: 'unknown', reason: 'x' });",
      },
    ],
  },
  {
    name: 'told-committed-of-replaced',
    trap: 'a snapshot took the place of the entries, and their proposals are told "committed"',
    isDriven: true,
    patches: [
      {
        file: 'driver/proposals.ts',
        find: "settle({ kind: 'unknown', reason: 'a snapshot took the place of these entries' });",
        replace: "settle({ kind: 'committed', index, term });",
      },
    ],
  },
  {
    name: 'refused-proposal-overtaken',
    trap: 'of one turn, a proposal behind one that found no room is taken',
    isDriven: true,
    patches: [
      {
        file: 'driver/batch.ts',
        find: '        this.#place(waiting.slice(at), effects);\n        return;',
        replace:
          '        this.#place([proposal], effects);\n        this.#proposeOneByOne(waiting, at + 1);\n        return;',
      },
    ],
  },
  {
    name: 'single-proposal-overtaken',
    trap: 'proposals that found no room together are tried alone, behind what callbacks have asked for meanwhile',
    isDriven: true,
    patches: [{ file: 'driver/steps.ts', find: 'this.#waiting.unshift({', replace: 'this.#waiting.push({' }],
  },
  {
    name: 'refusal-ends-with-its-batch',
    trap: 'behind a change of members, a proposal overtakes one of the same turn that found no room',
    isDriven: true,
    patches: [
      {
        file: 'driver/batch.ts',
        find: 'if (isOverloaded(effects)) this.#refusal = effects;\n',
        replace: '\n',
      },
    ],
  },
  {
    name: 'read-before-applied',
    trap: 'a read is answered before the state machine holds what it covers',
    isDriven: true,
    patches: [
      {
        file: 'driver/readings.ts',
        find: 'if (applied >= index) reading.resolve(index);',
        replace: 'if (applied >= index - 1) reading.resolve(index);',
      },
    ],
  },
  {
    name: 'refused-snapshot-drops-writes',
    trap: 'a snapshot of its own that found no room takes the writes behind it along',
    isDriven: true,
    patches: [{ file: 'driver/writer.ts', find: 'this.#queue = [...rest, ...this.#queue];', replace: 'void rest;' }],
  },
  {
    name: 'refused-snapshot-reorders-writes',
    trap: 'what was behind a snapshot that found no room is written after what came later',
    isDriven: true,
    patches: [
      {
        file: 'driver/writer.ts',
        find: 'this.#queue = [...rest, ...this.#queue];',
        replace: 'this.#queue = [...this.#queue, ...rest];',
      },
    ],
  },
  {
    name: 'refused-snapshot-repeats-writes',
    trap: 'what was behind a snapshot that found no room is written twice',
    isDriven: true,
    patches: [
      {
        file: 'driver/writer.ts',
        find: 'this.#queue = [...rest, ...this.#queue];',
        replace: 'this.#queue = [...rest, ...rest, ...this.#queue];',
      },
    ],
  },
  {
    name: 'said-before-written',
    trap: 'messages that speak of a write leave before it is on disk',
    isDriven: true,
    patches: [
      {
        file: 'driver/writer.ts',
        find: '      if (operations.length > 0) await this.#storage.write(operations);',
        replace:
          '      for (const { thenSend } of group) for (const message of thenSend) this.#events.send(message);\n      if (operations.length > 0) await this.#storage.write(operations);',
      },
    ],
  },
  {
    name: 'snapshot-joins-older',
    trap: 'whoever asks for a snapshot gets one that was begun before, and lacks what was applied since',
    isDriven: true,
    patches: [
      {
        file: 'driver/snapshots.ts',
        find: 'if (this.#taking.index === null || this.#taking.index >= applied) return this.#taking.promise;',
        replace: 'if (applied >= 0) return this.#taking.promise;',
      },
    ],
  },
  {
    name: 'snapshot-of-another-configuration',
    trap: 'a snapshot carries the newest configuration, not the one at its index',
    isDriven: true,
    patches: [
      {
        file: 'driver/snapshots.ts',
        find: 'const placed = core.configurationAt(index);',
        replace: 'const placed = core.configuration;',
      },
    ],
  },
  {
    name: 'transfer-always-done',
    trap: 'a transfer that was given up is told done',
    isDriven: true,
    patches: [
      {
        file: 'driver/transfers.ts',
        find: 'for (const { resolve } of ended) resolve(isDone);',
        replace: 'for (const { resolve } of ended) resolve(isDone || true);',
      },
    ],
  },
  {
    name: 'space-asked-for-once',
    trap: 'a full disk is asked once whether there is room',
    isDriven: true,
    patches: [
      {
        file: 'driver/space.ts',
        find: 'this.#events.ready();\n    else this.wait();',
        replace: 'this.#events.ready();',
      },
    ],
  },
  {
    name: 'stop-leaves-machine',
    trap: 'a member is stopped while its state machine still changes',
    isDriven: true,
    patches: [
      {
        file: 'driver/group.ts',
        find: 'await Promise.all([this.#writer.stop(), this.#applier.stop()]);',
        replace: 'await this.#writer.stop();',
      },
    ],
  },
  {
    name: 'unreadable-snapshot-kept',
    trap: 'a snapshot that cannot be read is not written anew',
    isDriven: true,
    patches: [
      {
        file: 'driver/snapshots.ts',
        find: 'if (machine.snapshot !== undefined) this.take()',
        replace: 'if (machine.snapshot === undefined) this.take()',
      },
    ],
  },
  {
    name: 'restore-behind-commit',
    trap: 'entries that a snapshot replaces are applied before it is restored',
    isDriven: true,
    patches: [
      {
        file: 'driver/applier.ts',
        find: 'if (this.#restores.length > 0) await this.#restoreNext();\n        else await',
        replace:
          'if (this.#restores.some((each) => each.write <= this.#persisted)) await this.#restoreNext();\n        else await',
      },
      {
        file: 'driver/applier.ts',
        find: '    if (this.#restores.length > 0) return;\n    const data',
        replace: '    const data',
      },
    ],
  },
  {
    name: 'restore-before-written',
    trap: 'a snapshot is restored before it is on disk',
    isDriven: true,
    patches: [
      {
        file: 'driver/applier.ts',
        find: 'this.#restores.findLast((each) => each.write <= this.#persisted);',
        replace: 'this.#restores.findLast((each) => each.write > 0);',
      },
    ],
  },
  {
    name: 'failed-write-keeps-queue',
    trap: 'writes behind one that failed are written all the same',
    isDriven: true,
    patches: [
      {
        file: 'driver/writer.ts',
        find: 'const dropped = [...failed, ...this.#queue];\n    this.#queue = [];',
        replace: 'const dropped = [...failed];',
      },
    ],
  },
  {
    name: 'overtaken-snapshot-written',
    trap: 'a snapshot that was overtaken while it was encoded is written all the same',
    isDriven: true,
    patches: [
      { file: 'driver/snapshots.ts', find: 'if (term === undefined) {', replace: 'if (index < 0 || term! < 0) {' },
      { file: 'driver/snapshots.ts', find: '      term,\n', replace: '      term: term!,\n' },
    ],
  },
  {
    name: 'denied-when-deposed',
    trap: 'whoever proposed is told "not applied" as soon as another leads',
    isDriven: true,
    patches: [
      {
        file: 'driver/proposals.ts',
        find: 'const isOver = ({ term }: Placed): boolean => term < committedTerm;',
        replace: 'const isOver = ({ term }: Placed): boolean => term < this.#core.term;',
      },
      {
        file: 'driver/proposals.ts',
        find: 'if (committedTerm <= this.#committedTerm) return;',
        replace: 'if (this.#placed.length === 0) return;',
      },
    ],
  },
  {
    name: 'removed-member-waits',
    trap: 'a proposal of a member that was removed is never answered',
    isDriven: true,
    patches: [
      {
        file: 'driver/proposals.ts',
        find: 'if (this.#placed.length === 0 || !this.#core.isRemoved) return;',
        replace: 'if (this.#placed.length >= 0) return;',
      },
    ],
  },
];
