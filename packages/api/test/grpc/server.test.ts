import { describe, expect, it } from 'vitest';
import { drain, failureOf, logClient, produceRequest, serve } from '../rig.js';

describe('a server', () => {
  it('answers a call', async () => {
    const { target } = await serve();
    const log = logClient(target);
    expect(await log.produce(produceRequest('tea'))).toEqual({ offset: 0n });
    const { record } = await log.consume({ offset: 0n, log: '' });
    expect(`${record?.value}`).toBe('tea');
  });

  it('streams both ways, in order', async () => {
    const { target } = await serve();
    const stream = logClient(target).produceStream();
    const offsets = drain(stream);
    for (let i = 0; i < 100; i++) await stream.write(produceRequest(`record ${i}`));
    stream.end();
    expect((await offsets).map(({ offset }) => Number(offset))).toEqual([...Array(100).keys()]);
  });
  it('tells', async () => {
    const { target } = await serve();
    const e = await failureOf(logClient(target).consume({ offset: 7n, log: '' }));
    expect(e.code).toBe('OFFSET_OUT_OF_RANGE');
    expect(e.metadata).toEqual({ offset: '7', start: '0', end: '0' });
  });
});
