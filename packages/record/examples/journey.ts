import { admitBatch, batches, encodeBatch, records, stampBatch } from '@commitlog/record';

// A producer encodes records into a batch, once.
const time = Date.parse('2026-01-01T00:00:00Z');
const batch = encodeBatch([
  { key: Buffer.from('user-7'), value: Buffer.from('signed in'), time },
  { key: Buffer.from('user-9'), value: Buffer.from('signed out'), time: time + 20 },
]);

// A leader checks it, once, and gives it its place in the log: 64 bytes change, the body does not.
admitBatch(batch);
stampBatch(batch, { index: 12, term: 4, baseOffset: 1000, appendTime: time + 123 });

// A consumer gets a range of such batches, checks each, and reads the records where they lie.
for (const received of batches(batch)) {
  for (const { offset, key, value } of records(received)) console.log(offset, `${key}`, `${value}`);
}
