import { openLog } from '@commitlog/log';
import { encodeBatch } from '@commitlog/record';
import { SimulatedClock, SimulatedDisk } from '@commitlog/simulation';
import { expect, it } from 'vitest';

it('given a log that was closed, when it is opened again, then it holds what was appended', async () => {
  const { files } = new SimulatedDisk();
  const first = await openLog({ dir: '/log' }, { files, clock: new SimulatedClock() });
  await first.append(encodeBatch([{ value: Buffer.from('kept') }]));
  await first.close();

  const second = await openLog({ dir: '/log' }, { files, clock: new SimulatedClock() });
  const values: string[] = [];
  for await (const record of second.records({ from: 'start' })) values.push(record.value.toString());
  expect(values).toEqual(['kept']);
});
