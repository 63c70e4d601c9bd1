import type { Mutant } from '@commitlog/simulation/mutants';

/** Bugs that a membership protocol may have and still look well: most of what it does shows only when something else goes wrong. */
export const mutants: readonly Mutant[] = [
  {
    name: 'no-stream-fallback',
    trap: 'a member whom packets do not reach is not asked over a stream',
    patches: [
      {
        file: 'core/probing.ts',
        find: "  swim.ask(target.address, { kind: 'ping', to: under.target }, { kind: 'probe', seq }, leftMs);\n",
        replace: '  void leftMs;\n',
      },
    ],
  },
  {
    name: 'relays-ping-nobody',
    trap: 'a member that is asked to ping another does not',
    patches: [
      {
        file: 'core/relaying.ts',
        find: '  swim.send(target, pingOf(swim, target, seq), question.bytesMax, question.bytesMax);\n',
        replace: '',
      },
    ],
  },
  {
    name: 'no-nacks',
    trap: 'a helper without an answer says nothing, so whoever asked it takes itself for slow',
    patches: [
      {
        file: 'core/relaying.ts',
        find: "if (swim.settings.isLifeguardOn) swim.send(asker, [{ kind: 'nack', seq }], bytesMax);",
        replace: 'void [swim, asker, seq, bytesMax];',
      },
    ],
  },
  {
    name: 'suspect-is-not-told',
    trap: 'a ping, and an answer to one, say nothing of what is suspected of the other end',
    patches: [
      {
        file: 'core/probing.ts',
        find: "const isTold = target.status === 'suspect' && swim.settings.isLifeguardOn;",
        replace: 'const isTold = false;',
      },
      {
        file: 'core/relaying.ts',
        find: "if (status === 'suspect') return swim.settings.isLifeguardOn ? [suspicionOf(swim, swim.roster.get(name)!)] : [];",
        replace: "if (status === 'suspect') return [];",
      },
    ],
  },
  {
    name: 'confirmations-count-for-nothing',
    trap: 'a suspicion that many share lasts as long as one that nobody does',
    patches: [
      {
        file: 'core/suspicion.ts',
        find: 'const share = Math.log(this.#confirmedBy.size + 1) / Math.log(confirmationsMax + 1);',
        replace: 'const share = 0;',
      },
    ],
  },
  {
    name: 'no-leap-guard',
    trap: 'a forged incarnation is believed, however high: its victim has nothing to answer with',
    patches: [
      { file: 'core/incarnation.ts', find: 'return claimed > known + incarnationLeapMax;', replace: 'return false;' },
    ],
  },
  {
    name: 'no-refutation',
    trap: 'a claim about this member is not answered',
    patches: [
      {
        file: 'core/refutation.ts',
        find: '  swim.toRefute = Math.max(swim.toRefute ?? 0, news.incarnation);\n',
        replace: '',
      },
    ],
  },
  {
    name: 'old-claims-stand',
    trap: 'whoever missed a refutation, or a leave, is not told again, and buries the living or the gone',
    patches: [{ file: 'core/news.ts', find: '    tellAgain(swim, known);\n', replace: '' }],
  },
  {
    name: 'old-news-holds',
    trap: 'news of a lower incarnation takes effect',
    patches: [{ file: 'core/news.ts', find: '  if (news.incarnation < known.incarnation) return;\n', replace: '' }],
  },
  {
    name: 'silent-leave',
    trap: 'a member that leaves says so to nobody',
    patches: [
      {
        file: 'core/leaving.ts',
        find: "  swim.tell({ kind: 'left', about: self.name, incarnation: self.incarnation });\n",
        replace: '',
      },
      { file: 'core/leaving.ts', find: '  sendNews(swim);\n', replace: '' },
      {
        file: 'core/leaving.ts',
        find: '{ settings, roster, random, asks } = swim;\n',
        replace: '{ settings, roster, random, asks } = swim;\n  if (asks.size >= 0) return;\n',
      },
    ],
  },
  {
    name: 'leave-by-packets-alone',
    trap: 'a leave is told to nobody over a stream, so that nobody hears of it whom no packet reaches',
    patches: [
      {
        file: 'core/leaving.ts',
        find: '{ settings, roster, random, asks } = swim;\n',
        replace: '{ settings, roster, random, asks } = swim;\n  if (asks.size >= 0) return;\n',
      },
    ],
  },
  {
    name: 'no-last-call',
    trap: 'who missed, alone, that a suspect objected or left gives it up without having asked anybody',
    patches: [
      {
        file: 'core/suspecting.ts',
        find: '  suspicion.callLast(swim.nowMs);\n',
        replace: '  suspicion.callLast(swim.nowMs);\n  if (swim.nowMs >= 0) return;\n',
      },
    ],
  },
  {
    name: 'no-updated',
    trap: 'new tags, a new address and a refutation are no event',
    patches: [
      {
        file: 'core/news.ts',
        find: "} else if (known.status === 'suspect' || !isSame(known, peer)) swim.report('updated', peer);",
        replace: '}',
      },
    ],
  },
  {
    name: 'no-gossip-to-the-dead',
    trap: 'who was given up a moment ago is told nothing any more, and never hears what to refute',
    patches: [
      {
        file: 'core/gossip.ts',
        find: 'roster.draw(1, random, (peer) => wasLostLately(swim, peer));',
        replace: 'roster.draw(1, random, (peer) => wasLostLately(swim, peer) && false);',
      },
    ],
  },
  {
    name: 'nobody-looks-for-the-lost',
    trap: 'places where members were are not tried again: a partition never heals',
    patches: [
      { file: 'core/reconnect.ts', find: '    pushPull(swim, place!, undefined);\n', replace: '    void place;\n' },
    ],
  },
  {
    name: 'stalls-are-not-noticed',
    trap: 'a member that stood still judges others by the answers that it has not read',
    patches: [
      {
        file: 'core/core.ts',
        find: 'const isLate = swim.stalls.hasJustEnded(swim.nowMs);',
        replace: 'const isLate = false;',
      },
    ],
  },
  {
    name: 'answers-of-any-length',
    trap: 'a ping is answered with as much news as fits into a packet: amplification',
    patches: [
      {
        file: 'core/relaying.ts',
        find: '  swim.send(from, messages, bytesMax);',
        replace: '  swim.send(from, messages);\n  void bytesMax;',
      },
    ],
  },
  {
    name: 'replays-are-let-in',
    trap: 'a packet that is sent again counts again',
    patches: [
      {
        file: 'seal/replay-window.ts',
        find: '  accept(number: number): boolean {\n',
        replace: '  accept(number: number): boolean {\n    if (number >= 0) return true;\n',
      },
    ],
  },
  {
    name: 'tokens-are-not-checked',
    trap: 'what was recorded before a restart is let in after it',
    patches: [
      {
        file: 'seal/sealed-envelope.ts',
        find: 'if (!timingSafeEqual(expected, bytes.subarray(tokenAt, headerBytes))) {',
        replace: 'if (expected.length === 0) {',
      },
    ],
  },
];
