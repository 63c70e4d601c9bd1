import type { Mutant } from '@commitlog/simulation/mutants';

/** Bugs planted in a member of a replicated log, its disk included. Their patches are of files below `packages`. */
export const mutants: readonly Mutant[] = [
  {
    name: 'acknowledged-before-the-sync',
    trap: 'a batch counts as durable when it is written',
    patches: [
      {
        file: 'log/src/writer.ts',
        find: '      await this.#directory.sync(activeFile, active.file);\n      return undefined;',
        replace: '      return undefined;',
      },
    ],
  },
  {
    name: 'directory-never-synced',
    trap: 'a new segment is synced, its name is not',
    patches: [
      {
        file: 'log/src/directory.ts',
        find: 'await this.files.syncDirectory(this.path).catch(',
        replace: 'await Promise.resolve().catch(',
      },
    ],
  },
  {
    name: 'failed-sync-tried-again',
    trap: 'after a sync that failed, the kernel takes the pages for clean, and the next one says yes (Rebello et al., ATC 2020)',
    patches: [
      {
        file: 'log/src/directory.ts',
        find: 'await file.sync().catch((error: unknown) => {\n      throw this.fail(error, name);\n    });',
        replace: 'await file.sync().catch(() => file.sync());',
      },
    ],
  },
  {
    name: 'wiped-disk-keeps-its-name',
    trap: 'a member that has forgotten its promises comes back under the same id, and votes',
    patches: [
      {
        file: 'replicated-log/src/replicated-log.ts',
        find: 'memberId(node, storage.storageId)',
        replace: "memberId(node, '0'.repeat(32))",
      },
    ],
  },
  {
    name: 'producers-not-saved',
    trap: 'the producers are dropped from checkpoints and snapshots',
    patches: [
      {
        file: 'replicated-log/src/log-state.ts',
        find: 'producers: encodeProducers(this.#producers),',
        replace: 'producers: Buffer.alloc(0),',
      },
    ],
  },
  {
    name: 'registration-not-applied',
    trap: 'an opened producer is in the log, and in no table',
    patches: [
      {
        file: 'replicated-log/src/log-state.ts',
        find: 'this.#producers.opened(record.registration, this.#applied.index);',
        replace: ';',
      },
    ],
  },
  {
    name: 'reign-begins-at-once',
    trap: 'a new leader judges retries before it has applied what it found in its log',
    patches: [{ file: 'replicated-log/src/appender.ts', find: 'await group.read();', replace: '' }],
  },
  {
    name: 'retry-in-flight-is-new',
    trap: 'a batch that is proposed and not committed is not recognised when it comes again',
    patches: [
      {
        file: 'replicated-log/src/reign.ts',
        find: 'this.#producers.appended(id, producerEpochOf(batch), placeless);',
        replace: '',
      },
    ],
  },
  {
    name: 'refused-proposal-stays-in-the-table',
    trap: 'what Raft refused counts as in the log',
    patches: [
      {
        file: 'replicated-log/src/reign.ts',
        find: 'this.#flight.remove(refused);\n    this.#table = undefined;',
        replace: 'this.#flight.remove(refused);',
      },
    ],
  },
  {
    name: 'gap-accepted',
    trap: 'a batch whose predecessors are missing is appended',
    patches: [
      {
        file: 'replicated-log/src/producer-table.ts',
        find: 'if (sequence === expected)',
        replace: 'if (sequence >= expected)',
      },
    ],
  },
  {
    name: 'window-forgotten',
    trap: 'of the batches of a producer only the next number is remembered',
    patches: [
      {
        file: 'replicated-log/src/producer-table.ts',
        find: 'if (of.sequence === sequence && of.count === count)',
        replace: 'if (false)',
      },
    ],
  },
  {
    name: 'former-epoch-not-fenced',
    trap: 'a producer whose name was opened again goes on',
    patches: [
      {
        file: 'replicated-log/src/producer-table.ts',
        find: "if (epoch < producer.epoch) return { kind: 'fenced', epoch: producer.epoch };",
        replace: '',
      },
    ],
  },
  {
    name: 'condition-ignored',
    trap: 'a conditional append goes wherever the log ends',
    patches: [
      {
        file: 'replicated-log/src/reign.ts',
        find: 'expectedOffset === this.#nextOffset)',
        replace: 'expectedOffset !== -1)',
      },
    ],
  },
  {
    name: 'condition-refused-too-early',
    trap: 'a condition is refused with an end that may still be cut',
    patches: [
      {
        file: 'replicated-log/src/appender.ts',
        find: 'if (after === undefined) throw error;',
        replace: 'throw error;',
      },
    ],
  },
  {
    name: 'serves-beyond-the-commit',
    trap: 'a reader is given what is on this disk, committed or not',
    patches: [
      {
        file: 'replicated-log/src/reader.ts',
        find: 'const { index: throughIndex, nextOffset: endOffset } = state.applied;',
        replace: 'const { nextOffset: endOffset } = state.applied; const throughIndex = log.durable.index;',
      },
    ],
  },
  {
    name: 'linearizable-read-not-confirmed',
    trap: 'a linearizable read gives what this member happens to have',
    patches: [
      { file: 'replicated-log/src/reader.ts', find: 'if (linearizable) await this.#confirm(signal);', replace: '' },
    ],
  },
  {
    name: 'out-of-range-not-confirmed',
    trap: 'a member that is behind says that an acknowledged offset does not exist',
    patches: [
      {
        file: 'replicated-log/src/reader.ts',
        find: 'if (isPast() || (offset === state.applied.nextOffset && !follow)) await this.#confirm(signal);',
        replace: '',
      },
    ],
  },
  {
    name: 'holes-never-mended',
    trap: 'what was fetched for a damaged segment stays beside it',
    patches: [
      {
        file: 'replicated-log/src/repairs.ts',
        find: 'if (this.#holes(segmentId).every((hole) => this.#covers(hole))) await this.#mend(segmentId);',
        replace: 'void segmentId;',
      },
    ],
  },
  {
    name: 'scrub-skips-the-newest-segment',
    trap: 'the search for damage ends one sealed segment early',
    patches: [
      {
        file: 'replicated-log/src/scrub.ts',
        find: 'log.segments.at(-1)!.base.index',
        replace: '(log.segments.at(-2)?.base.index ?? 0)',
      },
    ],
  },
  {
    name: 'scrub-goes-round-once',
    trap: 'what decays behind the search for damage is never found',
    patches: [
      {
        file: 'replicated-log/src/scrub.ts',
        find: 'while (!this.#isStopped) {',
        replace: '{',
      },
    ],
  },
  {
    name: 'scrub-tells-nobody',
    trap: 'damage is counted, and nobody is asked for what is missing',
    patches: [
      {
        file: 'replicated-log/src/scrub.ts',
        find: 'const isAllNamed = reportDamage();',
        replace: 'const isAllNamed = typeof reportDamage === "function";',
      },
    ],
  },
];
