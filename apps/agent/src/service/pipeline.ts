/**
 * Handles requests as they come, many at a time, and answers in their order.
 *
 * @param handle what it rejects with ends everything
 * @param answer awaited before the next answer
 * @param inFlightMax how many may be under way: no more requests are taken meanwhile
 * @returns when all requests are answered
 * @throws what `requests`, `handle` or `answer` throws first, in the order of the requests
 */
export async function pipeline<Request, Answer>(
  requests: AsyncIterable<Request>,
  handle: (request: Request) => Promise<Answer>,
  answer: (answer: Answer) => Promise<void>,
  inFlightMax: number,
): Promise<void> {
  const iterator = requests[Symbol.asyncIterator]();
  let answered: Promise<void> = Promise.resolve();
  const underWay: Promise<void>[] = [];
  try {
    for (;;) {
      // A failure is heard of also while no request comes.
      const next = await Promise.race([iterator.next(), failureOf(answered)]);
      if (next.done) break;
      const handled = handle(next.value);
      // Whoever answers gets it, in its turn.
      handled.catch(() => {});
      answered = answered.then(async () => answer(await handled));
      underWay.push(answered);
      if (underWay.length >= inFlightMax) await underWay.shift();
    }
    await answered;
  } finally {
    answered.catch(() => {});
    // Not awaited: it may wait for a request that never comes.
    iterator.return?.().catch(() => {});
  }
}

/** Never settles, unless the promise rejects. */
async function failureOf(promise: Promise<unknown>): Promise<never> {
  await promise;
  return await new Promise<never>(() => {});
}
