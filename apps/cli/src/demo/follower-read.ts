import { Buffer } from 'node:buffer';
import { ApiChannel, ClientTls, logV1, pemFiles } from '@commitlog/api';
import { batches, records } from '@commitlog/record';
import type { Connection } from '../connection.js';

/**
 * Reads a log from its start to its end, as it was when this was asked, from one server and no other: the SDK would choose one itself.
 *
 * @returns the records' values, back to back
 */
export async function readFrom(address: string, tls: NonNullable<Connection['tls']>): Promise<Buffer> {
  const credentials = await ClientTls.open(pemFiles(tls), { reloadMs: 0 });
  const channel = new ApiChannel({ target: address }, { credentials });
  try {
    const values: Buffer[] = [];
    const responses = channel.client(logV1.LogDefinition).read({
      log: '',
      from: { $case: 'start', value: true },
      follow: false,
      responseBytesMax: 0,
      consistency: logV1.Consistency.LINEARIZABLE,
    });
    for await (const { batches: bytes } of responses) {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (const batch of batches(buffer)) {
        for (const { value } of records(batch)) values.push(value);
      }
    }
    return Buffer.concat(values);
  } finally {
    channel.close();
    credentials.close();
  }
}
