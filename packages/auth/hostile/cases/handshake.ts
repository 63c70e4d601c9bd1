import { strict as assert } from 'node:assert';
import { writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { connect } from 'node:tls';
import { lookalikeOf, respelledOf, serverAuth } from '../../test/forge.js';
import { hasOpenssl, opensslBeside } from '../../test/pki/openssl.js';
import { always, type Case } from '../case.js';
import type { Ground } from '../ground.js';
import { afterHandshake, type Ending, endingOf, shakeHands, tcp } from '../sockets.js';

/** A cut is due after 5 s; a busy machine may be late. */
const cutMsMax = 6500;

function requireCut({ afterMs }: Ending): void {
  assert.ok(afterMs < cutMsMax, `the connection was cut after ${Math.round(afterMs)} ms`);
}

/** The first bytes of a ClientHello that is never finished. */
const halfHello = Buffer.from('16030100f8010000f40303', 'hex');

function dawdle(socket: Socket): void {
  let at = 0;
  const timer = setInterval(() => socket.write(halfHello.subarray(at, ++at)), 400);
  socket.on('close', () => clearInterval(timer));
}

const noise = Buffer.from(Array.from({ length: 10_000 }, (_, at) => (at * 7919) & 0xff));

const cut = (name: string, act: (socket: Socket) => void): Case =>
  always(`${name}: cut within 5 s`, async ({ port }) => requireCut(await tcp(port, act)));

const refused = (name: string, act: (ground: Ground) => Promise<string>): Case =>
  always(`${name}: handshake refused`, async (ground) => {
    const outcome = await act(ground);
    assert.notEqual(outcome, 'accepted');
    assert.equal(await shakeHands(ground.tls(ground.alice)), 'accepted');
  });

/** Bad input, rows 1 and 2: what comes before anybody is known. */
export const handshakeCases: readonly Case[] = [
  cut('nothing at all on the port', () => {}),
  cut('garbage on the port', (socket) => socket.write(noise)),
  cut('half a handshake', (socket) => socket.write(halfHello)),
  cut('a handshake that comes byte by byte', dawdle),
  cut('HTTP/2 without TLS', (socket) => socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')),
  cut('HTTP/1.1 without TLS', (socket) => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')),
  always('five hundred silent connections at once: cut within 5 s, and others are served meanwhile', async (ground) => {
    const endings = Array.from({ length: 500 }, () => tcp(ground.port, () => {}));
    await ground.callAsAlice();
    for (const ending of await Promise.all(endings)) requireCut(ending);
  }),
  always('a handshake, and then nothing: cut within 5 s', async (ground) => {
    requireCut(await afterHandshake(ground.tls(ground.alice), () => {}));
  }),
  always('a handshake, and then garbage: cut', async (ground) => {
    requireCut(await afterHandshake(ground.tls(ground.alice), (socket) => socket.write(noise)));
  }),
  always('a handshake without the word for HTTP/2: told so, and cut', async (ground) => {
    const { ALPNProtocols: _, ...wordless } = ground.tls(ground.alice);
    const socket = connect(wordless);
    const ending = await endingOf(socket);
    requireCut(ending);
    assert.match(`${ending.said}`, /^HTTP\/1\.0 403/);
  }),
  refused('TLS 1.2', (ground) => shakeHands({ ...ground.tls(ground.alice), maxVersion: 'TLSv1.2' })),
  refused('TLS 1.0', (ground) => shakeHands({ ...ground.tls(ground.alice), minVersion: 'TLSv1', maxVersion: 'TLSv1' })),
  refused('no certificate', (ground) => shakeHands({ ...ground.tls(ground.alice), cert: undefined, key: undefined })),
  refused("another authority's certificate, by the same name", async (ground) =>
    shakeHands(ground.tls(await ground.issueByImpostor('alice'))),
  ),
  refused('an expired certificate', async (ground) => shakeHands(ground.tls(await ground.issueDaysAgo('alice', 2)))),
  refused('a certificate of tomorrow', async (ground) =>
    shakeHands(ground.tls(await ground.issueDaysAgo('alice', -1))),
  ),
  refused('a certificate for servers only', async (ground) =>
    shakeHands(ground.tls(await ground.forge({ commonNames: ['alice'], usages: [serverAuth] }))),
  ),
  refused('another protocol than HTTP/2', (ground) =>
    shakeHands({ ...ground.tls(ground.alice), ALPNProtocols: ['http/1.1'] }),
  ),
  always('a certificate that is revoked: its connection ends within a minute, and no other begins', async (ground) => {
    const mallory = await ground.issue('mallory');
    const socket = connect(ground.tls(mallory));
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
    const ending = endingOf(socket);
    await ground.eventually('Mallory is connected', ({ tls }) => tls.connections > 0);
    await ground.authority.revoke(mallory.serialNumber);
    requireCut(await ending);
    await ground.eventually('it is audited', ({ audit }) =>
      audit.some((record) => record.kind === 'connection-ended' && record.serialNumber === mallory.serialNumber),
    );
    const { tls } = await ground.report();
    const attempts = [mallory];
    for (const cover of [lookalikeOf, respelledOf])
      attempts.push({
        ...mallory,
        certificatePem: mallory.certificatePem + (await cover(ground.authority.certificatePem)),
      });
    for (const attempt of attempts) await shakeHands(ground.tls(attempt));
    await ground.eventually(
      'the next ones end, too, whatever they present besides',
      (report) => report.tls.connectionsEnded === tls.connectionsEnded + attempts.length,
    );
  }),
  {
    name: 'openssl s_client sees TLS 1.3 only',
    run: async (ground) => {
      if (!hasOpenssl) return 'openssl is not installed';
      const pem = `${ground.dir}/alice.pem`;
      await writeFile(pem, ground.alice.certificatePem + ground.alice.keyPem, { mode: 0o600 });
      const see = (...version: string[]): Promise<string> =>
        opensslBeside([
          ...['s_client', '-connect', `127.0.0.1:${ground.port}`, '-CAfile', ground.files.authorities],
          ...['-verify_return_error', '-cert', pem, '-alpn', 'h2', ...version],
        ]);
      assert.match(await see(), /New, TLSv1\.3[\s\S]*Verify return code: 0 \(ok\)/);
      for (const version of ['-tls1_2', '-tls1_1', '-tls1']) assert.match(await see(version), /Cipher is \(NONE\)/);
      return undefined;
    },
  },
];
