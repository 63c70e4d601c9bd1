import type { Address } from '@commitlog/runtime';

/**
 * Questions and answers over something that loses nothing: the stream side of membership. `TcpExchanges` is one; a program that
 * has a service of its own between its nodes makes another of that. It must keep strangers and other clusters out.
 */
export interface Exchanges {
  /**
   * Answers questions from now on. `answer` gives undefined where there is nothing to say: the asker is then cut off.
   *
   * @param local port 0 for any
   */
  listen(local: Address, answer: (question: Uint8Array) => Uint8Array | undefined): Promise<ExchangeListener>;

  /**
   * Asks, and resolves with the answer.
   *
   * @throws when there is none within `timeoutMs`, for whatever reason
   */
  ask(to: Address, question: Uint8Array, options: { readonly timeoutMs: number }): Promise<Uint8Array>;
}

export interface ExchangeListener {
  /** Where it listens, with the real port. */
  readonly local: Address;
  /** Answers no more, and cuts off whoever is being answered. */
  close(): Promise<void>;
}
