import { strict as assert } from 'node:assert';
import { logV1 } from '@commitlog/api';
import { always, type Case } from '../case.js';
import { withNothingStored } from '../expect.js';
import { type Bearer, type Ground, goodPolicy } from '../ground.js';
import { framed, RawConnection } from '../raw.js';
import { Relay } from '../relay.js';

/** Calls whose requests reach the server in one piece with the end of the handshake, before it can have judged the certificate. */
async function callInOneFlight(ground: Ground, bearer: Bearer): Promise<(number | undefined)[]> {
  const relay = await Relay.to(ground.port);
  const raw = new RawConnection(ground, bearer, relay.port);
  const record = { value: Buffer.from('early'), offset: 0n, term: 0n, type: 0 };
  const request = framed(logV1.ProduceRequest.encode({ record, log: '' }).finish());
  try {
    const answers = Array.from({ length: 3 }, () => raw.call('/log.v1.Log/Produce', request));
    await new Promise((resolve) => raw.session.once('connect', resolve));
    await new Promise((resolve) => setImmediate(resolve));
    await relay.release(raw.bytesWritten);
    return (await Promise.all(answers)).map(({ status }) => status);
  } finally {
    raw.close();
    relay.close();
  }
}

/** They are cut before they are served, and the server lives. */
async function cutInOneFlight(ground: Ground, bearer: Bearer, reason: RegExp): Promise<void> {
  assert.deepEqual(await callInOneFlight(ground, ground.alice), [0, 0, 0], 'Alice is served');
  await withNothingStored(ground, async () => {
    assert.deepEqual(await callInOneFlight(ground, bearer), [undefined, undefined, undefined]);
  });
  await ground.eventually('it is audited', ({ audit }) =>
    audit.some((record) => record.kind === 'connection-ended' && reason.test(record.reason)),
  );
}

/** Calls that come before the server can have judged who makes them. */
export const oneFlightCases: readonly Case[] = [
  always(
    'calls in one piece with the handshake of a revoked certificate: not served, and the server lives',
    async (ground) => {
      await ground.setPolicy(`${goodPolicy}p, moriarty, default, *, allow\n`);
      const moriarty = await ground.issue('moriarty');
      const { changes } = (await ground.report()).tls;
      await ground.authority.revoke(moriarty.serialNumber);
      await ground.eventually('the list is read', ({ tls }) => tls.changes > changes);
      await cutInOneFlight(ground, moriarty, /was revoked/);
      await ground.setPolicy(goodPolicy);
    },
  ),
  always('calls in one piece with a handshake of eleven certificates: not served, and the server lives', (ground) => {
    const { certificatePem, keyPem } = ground.alice;
    const crowd = certificatePem + ground.authority.certificatePem.repeat(10);
    return cutInOneFlight(ground, { certificatePem: crowd, keyPem }, /11 certificates were presented/);
  }),
];
