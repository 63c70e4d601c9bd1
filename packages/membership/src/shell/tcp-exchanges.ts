import type { Address, ByteStream, Clock, Streams } from '@commitlog/runtime';
import { MembershipError } from '../core/index.js';
import type { StreamHandshake } from '../seal/index.js';
import type { ExchangeListener, Exchanges } from './exchanges.js';
import { Frames } from './frames.js';

/** Whoever has not said a proper hello by then is cut off. */
const helloWithinMs = 5_000;
const helloBytesMax = 64;
/** Connections from one host that have not shown a key yet: it takes them one round trip to do so. */
const strangersPerHostMax = 32;
/** What sealing adds. */
const sealBytes = 16;

export interface TcpExchangesInit {
  /** Bytes of one question, and of one answer, at most. */
  readonly bytesMax: number;
  /** How long one exchange may take to be answered. */
  readonly answerWithinMs: number;
  /** Connections that are answered at a time. For one more the oldest that has not shown a key yet is cut off. */
  readonly connectionsMax: number;
}

/** One question and its answer per connection, over any streams of bytes. */
export class TcpExchanges implements Exchanges {
  /** Connections that ended without an answer: strangers, garbage, too many, too slow. */
  refused = 0;
  readonly #init: TcpExchangesInit;
  readonly #streams: Streams;
  readonly #clock: Clock;
  readonly #handshake: StreamHandshake;

  constructor(
    init: TcpExchangesInit,
    components: { readonly streams: Streams; readonly clock: Clock; readonly handshake: StreamHandshake },
  ) {
    this.#init = init;
    this.#streams = components.streams;
    this.#clock = components.clock;
    this.#handshake = components.handshake;
  }

  async listen(local: Address, answer: (question: Uint8Array) => Uint8Array | undefined): Promise<ExchangeListener> {
    const open = new Set<ByteStream>();
    /** Those that have not shown a key yet, the oldest first. */
    const strangers = new Set<ByteStream>();
    const listener = await this.#streams.listen(local, (stream) => {
      const ofHost = [...strangers].filter(({ remote }) => remote.host === stream.remote.host);
      const isFull = open.size >= this.#init.connectionsMax;
      const givesWay = ofHost.length >= strangersPerHostMax ? ofHost[0] : isFull ? [...strangers][0] : undefined;
      if (givesWay !== undefined) {
        open.delete(givesWay);
        strangers.delete(givesWay);
        givesWay.destroy();
      } else if (isFull) {
        this.refused += 1;
        stream.destroy();
        return;
      }
      open.add(stream);
      strangers.add(stream);
      const answerKnown = (question: Uint8Array): Uint8Array | undefined => {
        strangers.delete(stream);
        return answer(question);
      };
      void this.#serve(stream, answerKnown).finally(() => {
        open.delete(stream);
        strangers.delete(stream);
        stream.destroy();
      });
    });
    return {
      local: listener.local,
      close: async () => {
        for (const stream of open) stream.destroy();
        await listener.close();
      },
    };
  }

  async ask(to: Address, question: Uint8Array, { timeoutMs }: { readonly timeoutMs: number }): Promise<Uint8Array> {
    const untilMs = this.#clock.monotonicMs() + timeoutMs;
    const stream = await this.#streams.connect(to, { timeoutMs });
    const timer = this.#clock.after(Math.max(0, untilMs - this.#clock.monotonicMs()), () => stream.destroy());
    try {
      const frames = new Frames(stream);
      const { hello, greeted } = this.#handshake.greet();
      await frames.write(hello);
      const session = greeted(await frames.read(helloBytesMax));
      if (session === undefined) throw foreign(to);
      await frames.write(session.sealQuestion(question));
      const answer = session.openAnswer(await frames.read(this.#init.bytesMax + sealBytes));
      if (answer === undefined) throw foreign(to);
      return answer;
    } finally {
      timer.cancel();
      stream.destroy();
    }
  }

  /** Never throws: what goes wrong on a connection concerns whoever made it. */
  async #serve(stream: ByteStream, answer: (question: Uint8Array) => Uint8Array | undefined): Promise<void> {
    let timer = this.#clock.after(helloWithinMs, () => stream.destroy());
    try {
      const frames = new Frames(stream);
      const welcome = this.#handshake.welcome(await frames.read(helloBytesMax));
      if (welcome === undefined) throw foreign(stream.remote);
      timer.cancel();
      timer = this.#clock.after(this.#init.answerWithinMs, () => stream.destroy());
      await frames.write(welcome.helloBack);
      const question = welcome.session.openQuestion(await frames.read(this.#init.bytesMax + sealBytes));
      const said = question === undefined ? undefined : answer(question);
      if (said === undefined) throw foreign(stream.remote);
      await frames.write(welcome.session.sealAnswer(said));
      await stream.end();
    } catch {
      this.refused += 1;
    } finally {
      timer.cancel();
    }
  }
}

function foreign({ host, port }: Address): MembershipError {
  return new MembershipError(
    'ERR_MEMBERSHIP_STREAM',
    `${host}:${port} is not a member of this cluster, or has none of its keys`,
  );
}
