import { expect, test } from 'vitest';
import { connect, text } from '../src/index.js';

test.each([
  ['a signal that is none', { signal: {} }],
  ['headers that are none', { headers: null }],
  ['a list of headers that are none', { headers: [null] }],
  ['a time that is none', { producerTimeMs: 'now' }],
  ['a key that is none', { key: 5 }],
])('given %s, then the append is refused, and nothing waits for it', async (_name, options) => {
  const log = await connect({ servers: '127.0.0.1:1', insecure: true, codec: text(), lazy: true, deadlineMs: 60_000 });
  const invalid = { name: 'CommitlogError', code: 'INVALID_ARGUMENT', outcome: 'not-applied' };
  await expect(log.append('a', options as never)).rejects.toMatchObject(invalid);
  await log.close();
});

test('given a signal that is none, then a reading is refused', async () => {
  const log = await connect({ servers: '127.0.0.1:1', insecure: true, lazy: true });
  expect(() => log.read({ signal: {} as never })).toThrowError(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  await log.close();
});

test('given headers that are none, then a producer refuses the append, and has failed', async () => {
  const log = await connect({ servers: '127.0.0.1:1', insecure: true, codec: text(), lazy: true });
  const producer = log.producer();
  const refused = producer.append('a', { headers: null as never });
  await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', outcome: 'not-applied' });
  await expect(producer.close()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await log.close();
});
