import { strict as assert } from 'node:assert';
import { constants } from 'node:http2';
import { always, type Case } from '../case.js';
import type { Ground } from '../ground.js';
import { framed, RawConnection } from '../raw.js';

async function withRaw(ground: Ground, act: (raw: RawConnection) => Promise<unknown>): Promise<void> {
  const raw = new RawConnection(ground);
  try {
    await act(raw);
  } finally {
    raw.close();
  }
  await ground.eventually('nothing of it is left', ({ openCalls }) => openCalls === 0);
}

/** A request with nothing set. */
const fromTheStart = framed(Buffer.alloc(0));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Connections that are let in, and then do what no client should. */
export const streamCases: readonly Case[] = [
  always(
    'a thousand calls at once on one connection: no more than the limit are served, the rest is refused',
    (ground) =>
      withRaw(ground, async (raw) => {
        // Refused streams are an error of the connection in Node, so the limit is asked for first, and then exceeded.
        await new Promise((resolve) => raw.session.once('remoteSettings', resolve));
        const { maxConcurrentStreams } = raw.session.remoteSettings;
        assert.ok(maxConcurrentStreams! <= 1000, `${maxConcurrentStreams} streams are allowed`);
        for (let at = 0; at < 1000; at += 1) raw.open('/log.v1.Log/ProduceStream');
        const { openCalls } = await ground.eventually('they are open', (report) => report.openCalls >= 100);
        assert.ok(openCalls <= maxConcurrentStreams!, `${openCalls} calls are open`);
        await ground.callAsAlice();
      }),
  ),
  always('ten thousand calls that are reset at once (CVE-2023-44487): others are served', (ground) =>
    withRaw(ground, async (raw) => {
      for (let round = 0; round < 100 && !raw.session.destroyed; round += 1) {
        for (let at = 0; at < 100 && !raw.session.destroyed; at += 1) {
          raw.open('/log.v1.Log/ProduceStream').close(constants.NGHTTP2_CANCEL);
        }
        await pause(1);
      }
      await ground.callAsAlice();
    }),
  ),
  always('a consumer that takes nothing of what it asked for: nothing piles up', (ground) =>
    withRaw(ground, async (raw) => {
      for (let at = 0; at < 20; at += 1) {
        const stream = raw.open('/log.v1.Log/Read');
        stream.end(fromTheStart);
        stream.pause();
      }
      await ground.eventually('the streams are open', ({ openCalls }) => openCalls >= 20);
      for (let time = 0; time < 20; time += 1) {
        await ground.callAsAlice();
        await pause(50);
      }
    }),
  ),
  always('headers of a megabyte, and ten thousand headers: refused', async (ground) => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`x-${at}`, 'x']));
    for (const headers of [{ 'x-long': 'x'.repeat(1_000_000) }, many]) {
      await withRaw(ground, async (raw) => {
        const answered = raw.call('/log.v1.Log/Produce', framed(Buffer.alloc(0)), headers);
        const { status } = await answered.catch(() => ({ status: undefined }));
        assert.notEqual(status, 0);
      });
    }
  }),
  always('a flood of pings: others are served', (ground) =>
    withRaw(ground, async (raw) => {
      await new Promise((resolve) => raw.session.once('remoteSettings', resolve));
      for (let round = 0; round < 500 && !raw.session.destroyed; round += 1) {
        for (let at = 0; at < 10 && !raw.session.destroyed; at += 1) raw.session.ping(() => {});
        await pause(1);
      }
    }),
  ),
  always('a thousand connections of one client, one after the other: none is left', async (ground) => {
    const before = await ground.report();
    for (let round = 0; round < 100; round += 1) {
      const batch = Array.from({ length: 10 }, () => new RawConnection(ground));
      await Promise.all(batch.map(({ session }) => new Promise((resolve) => session.once('connect', resolve))));
      for (const raw of batch) raw.close();
    }
    await ground.eventually('none is left', ({ tls }) => tls.connections <= before.tls.connections);
  }),
];
