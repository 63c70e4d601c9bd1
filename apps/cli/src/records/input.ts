import type { Files } from '@commitlog/runtime';
import { unreadable } from '../small-file.js';

const chunkBytes = 256 * 1024;

/** A file's bytes, piece by piece, until it ends. @throws CommandError `unreadable-file` */
export async function* chunksOf(path: string, { files }: { readonly files: Files }): AsyncGenerator<Uint8Array> {
  try {
    const file = await files.open(path, 'read');
    try {
      for (let position = 0; ; ) {
        const chunk = new Uint8Array(chunkBytes);
        const read = await file.read(chunk, position);
        if (read === 0) return;
        position += read;
        yield chunk.subarray(0, read);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(error, path);
  }
}

/** The same, until the signal is aborted: whoever waits for more is told then that there is none. */
export async function* until<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  const aborted = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    if (signal.aborted) resolve(undefined);
  });
  try {
    for (;;) {
      const next = await Promise.race([aborted, iterator.next()]);
      if (next === undefined || next.done || signal.aborted) return;
      yield next.value;
    }
  } finally {
    // Not waited for: it may be waiting itself, for what does not come.
    void iterator.return?.().catch(() => {});
  }
}
