import { ResendPace } from './resend-pace.js';
import type { CoreSettings } from './settings.js';

/** So many questions in a row without an answer, and another member is asked for its own snapshot: that begins anew. */
const unansweredMax = 3;

/** When a member asks again for what its disk cannot read: late enough for a slow link, soon enough where whoever was asked is gone. */
export class Fetching {
  /** Counts the questions that go to each member in turn. */
  turn = 0;
  readonly #pace: ResendPace;
  /** Grows with each answer of use: a question behind the same one is a repetition. */
  #answers = 0;
  #unanswered = 0;

  constructor(settings: Pick<CoreSettings, 'heartbeatMs' | 'electionTimeoutMs'>) {
    // While nobody leads, the whole group may wait for this answer: no longer than an election timeout between two questions.
    this.#pace = new ResendPace(2 * settings.heartbeatMs, settings.electionTimeoutMs);
  }

  isDue(nowMs: number): boolean {
    return this.#pace.isOverdue(nowMs);
  }

  /** Whether whoever answered last has been silent for several questions. */
  get isSourceLost(): boolean {
    return this.#unanswered >= unansweredMax;
  }

  /** @param isInTurn whoever was next is asked, not who has answered before */
  asked(nowMs: number, isInTurn: boolean): void {
    this.#pace.sent(this.#answers, nowMs);
    if (isInTurn) this.#pace.redirected(nowMs);
    this.#unanswered += 1;
  }

  answered(nowMs: number): void {
    this.#pace.answered(nowMs);
    this.#answers += 1;
    this.#unanswered = 0;
  }
}
