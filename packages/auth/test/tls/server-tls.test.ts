import type { X509Certificate } from 'node:crypto';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import {
  type ConnectionOptions,
  connect,
  type DetailedPeerCertificate,
  type PeerCertificate,
  type TLSSocket,
} from 'node:tls';
import { nodeClock, nodeFiles, nodeRandom } from '@commitlog/runtime/node';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Authority, type Issued, openAuthority, openServerTls, type ServerTls } from '../../src/index.js';
import { pemOf } from '../../src/tls/pem.js';
import { clientAuth, forgeAuthority, forgeBy, forgeList, lookalikeOf, respelledOf, serverAuth } from '../forge.js';
import { hasOpenssl, opensslBeside } from '../pki/openssl.js';
import { Mutual } from './mutual.js';

let mutual: Mutual;
let alice: Issued;
const until = { timeout: 10_000, interval: 10 };

beforeEach(async () => {
  mutual = await Mutual.make();
  alice = await mutual.issue('alice');
});
afterEach(() => mutual.remove());

const trusting = (issued: Issued, authority: Authority = mutual.authority): ConnectionOptions => ({
  ca: authority.certificatePem,
  cert: issued.certificatePem,
  key: issued.keyPem,
  servername: 'localhost',
  ALPNProtocols: ['h2'],
});

/** Shakes hands, waits for the server's judgement, and says how it went. */
function shakeHands(port: number, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const socket: TLSSocket = connect({ port, host: '127.0.0.1', ...options });
    const finish = (outcome: string): void => {
      resolve(outcome);
      socket.destroy();
    };
    // In TLS 1.3 a client learns of its refusal only when it reads. An HTTP/2 server speaks first.
    socket.on('data', () => finish(`accepted by ${(socket.getPeerX509Certificate() as X509Certificate).serialNumber}`));
    socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
    socket.on('close', () => finish('closed'));
  });
}

describe('a server of gRPC', () => {
  it('serves whoever has a certificate of its authority', async () => {
    const port = await mutual.serve(await mutual.tls());
    expect(await mutual.client(port, alice).once('hello')).toBe('hello');
  });

  it('refuses the handshake of everybody else', async () => {
    const port = await mutual.serve(await mutual.tls());
    const stranger = await (await mutual.otherAuthority()).issue({ kind: 'client', subject: 'alice' });
    const good = trusting(alice);
    expect(await shakeHands(port, { ...good, maxVersion: 'TLSv1.2' })).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    expect(await shakeHands(port, { ...good, cert: undefined, key: undefined })).toBe(
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    );
    // Node cuts the connection here without a word.
    expect(await shakeHands(port, { ...good, cert: stranger.certificatePem, key: stranger.keyPem })).toMatch(
      /ECONNRESET|closed/,
    );
    const expired = await mutual.issueShortly('alice', -1000);
    expect(await shakeHands(port, trusting(expired))).toMatch(/ECONNRESET|closed/);
    expect(await shakeHands(port, { ...good, ALPNProtocols: ['http/1.1'] })).toBe(
      'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    );
    expect(await shakeHands(port, good)).toMatch(/^accepted/);
  });

  it('cuts a handshake that takes too long, however it dawdles, and others notice nothing', async () => {
    const port = await mutual.serve(await mutual.tls({ handshakeTimeoutMs: 300 }));
    const silent = connectTcp(port, '127.0.0.1');
    const dawdling = connectTcp(port, '127.0.0.1');
    const dawdle = setInterval(() => dawdling.write(Buffer.of(0x16)), 20);
    const garbage = connectTcp(port, '127.0.0.1').on('connect', () => garbage.write('GET / HTTP/1.1\r\n\r\n'));
    const sockets = [silent, dawdling, garbage];
    for (const socket of sockets) socket.on('error', () => {});
    const caller = mutual.client(port, alice);
    await vi.waitFor(async () => {
      expect(await caller.once()).toBe('hello');
      expect(sockets.map(({ closed }) => closed)).toEqual([true, true, true]);
    }, until);
    clearInterval(dawdle);
  });

  it('tells a peer that speaks TLS but no HTTP/2 to go away', async () => {
    const port = await mutual.serve(await mutual.tls());
    const { ALPNProtocols: _, ...silentAboutIt } = trusting(alice);
    const socket = connect({ port, host: '127.0.0.1', ...silentAboutIt });
    const said: Buffer[] = [];
    for await (const piece of socket) said.push(piece as Buffer);
    expect(`${Buffer.concat(said)}`).toMatch(/^HTTP\/1\.0 403/);
  });

  it('resumes no session: the certificate is checked every time', async () => {
    const port = await mutual.serve(await mutual.tls());
    const sessions: Buffer[] = [];
    const first = connect({ port, host: '127.0.0.1', ...trusting(alice) });
    first.on('session', (session) => sessions.push(session));
    await new Promise((resolve) => first.once('data', resolve));
    first.destroy();
    const second = connect({
      port,
      host: '127.0.0.1',
      ...trusting(alice),
      ...(sessions[0] && { session: sessions[0] }),
    });
    await new Promise((resolve) => second.once('data', resolve));
    expect(second.isSessionReused()).toBe(false);
    second.destroy();
  });
});

describe.skipIf(!hasOpenssl)('openssl s_client', () => {
  it('sees TLS 1.3 and nothing older', async () => {
    const port = await mutual.serve(await mutual.tls());
    await writeFile(`${mutual.dir}/alice.pem`, alice.certificatePem + alice.keyPem);
    const see = (...version: string[]) =>
      opensslBeside([
        ...['s_client', '-connect', `127.0.0.1:${port}`, '-CAfile', mutual.paths.authorities, '-verify_return_error'],
        ...['-cert', `${mutual.dir}/alice.pem`, '-alpn', 'h2', ...version],
      ]);
    expect(await see()).toMatch(/New, TLSv1\.3[\s\S]*ALPN protocol: h2[\s\S]*Verify return code: 0 \(ok\)/);
    for (const version of ['-tls1_2', '-tls1_1', '-tls1']) expect(await see(version)).toContain('Cipher is (NONE)');
  });
});

describe('new files', () => {
  it('are used for every new handshake, and no open stream notices', async () => {
    const tls = await mutual.tls();
    const port = await mutual.serve(tls);
    const stream = mutual.client(port, alice).forever();
    await vi.waitFor(() => expect(stream.received).toBeGreaterThan(0), until);
    const renewed = await mutual.issueServer();
    await vi.waitFor(
      async () => expect(await shakeHands(port, trusting(alice))).toBe(`accepted by ${renewed.serialNumber}`),
      until,
    );
    const before = stream.received;
    await vi.waitFor(() => expect(stream.received).toBeGreaterThan(before + 5), until);
    expect(stream.ended).toBeUndefined();
    expect(await mutual.client(port, alice).once()).toBe('hello');
    expect(tls.status).toMatchObject({ changes: 1, refusals: 0, connectionsEnded: 0 });
    // A swap must not open the door to older versions.
    expect(await shakeHands(port, { ...trusting(alice), maxVersion: 'TLSv1.2' })).toBe(
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    );
  });

  it.each([
    [
      'a key of another certificate',
      () => writeFile(mutual.paths.key, alice.keyPem),
      /is not the key of.* If there is a .*\.new/,
    ],
    ['a damaged key', () => writeFile(mutual.paths.key, 'nonsense'), /no private key/],
    ['a key that others may read', () => chmod(mutual.paths.key, 0o644), /chmod 600/],
    ['an empty certificate', () => writeFile(mutual.paths.certificate, ''), /no certificate/],
    [
      'a certificate that was cut short',
      async () => writeFile(mutual.paths.certificate, (await readFile(mutual.paths.certificate)).subarray(0, -40)),
      /cut short/,
    ],
    [
      'a certificate for clients',
      () => writeFile(mutual.paths.certificate, alice.certificatePem),
      /not the key of|serverAuth/,
    ],
    ['an authority that is none', () => writeFile(mutual.paths.authorities, alice.certificatePem), /no authority/],
    [
      'authorities without a root',
      async () => {
        const between = await forgeAuthority('between', await forgeAuthority('root'));
        await writeFile(mutual.paths.authorities, between.certificatePem);
      },
      /has no root/,
    ],
    ['an empty list of authorities', () => writeFile(mutual.paths.authorities, '\n'), /no certificate/],
    ['a damaged revocation list', () => writeFile(mutual.paths.revocations, 'nonsense'), /no revocation list/],
    [
      'a revocation list of a stranger',
      async () => writeFile(mutual.paths.revocations, await readFile((await mutual.otherAuthority()).revocationsPath)),
      /signed by none/,
    ],
  ])('with %s change nothing, and it is said why', async (_, damage, why) => {
    const tls = await mutual.tls({ pollMs: 60_000 });
    const port = await mutual.serve(tls);
    const caller = mutual.client(port, alice);
    expect(await caller.once()).toBe('hello');
    await damage();
    expect(await tls.reload()).toBe(false);
    expect(tls.status).toMatchObject({ changes: 0, refusals: 1, connections: 1 });
    expect(mutual.records).toEqual([
      { kind: 'certificates-refused', atMs: expect.any(Number), reason: expect.stringMatching(why) },
    ]);
    expect(await caller.once()).toBe('hello');
    expect(await mutual.client(port, alice).once()).toBe('hello');
    const components = { files: nodeFiles, clock: nodeClock, audit: { record: () => {} } };
    await expect(openServerTls(mutual.paths, components)).rejects.toMatchObject({
      message: expect.stringMatching(why),
    });
  });

  it.each([
    [
      'its certificate has expired',
      async () => {
        const expired = await mutual.issueShortly('n1', -1000);
        await writeFile(mutual.paths.certificate, expired.certificatePem);
        await writeFile(mutual.paths.key, expired.keyPem);
      },
    ],
    ['others may read its key', () => chmod(mutual.paths.key, 0o644)],
    ['its key is lost', () => rm(mutual.paths.key)],
    ['its certificate is that of another key', () => writeFile(mutual.paths.certificate, alice.certificatePem)],
  ])('take back what their list says, also where %s', async (_, damage) => {
    const tls = await mutual.tls();
    const port = await mutual.serve(tls);
    const bob = await mutual.authority.issue({ kind: 'client', subject: 'bob' }, { days: 365 });
    await damage();
    const stream = mutual.client(port, bob).forever();
    await vi.waitFor(() => expect(stream.received).toBeGreaterThan(0), until);
    await mutual.authority.revoke(bob.serialNumber);
    await vi.waitFor(() => expect(stream.ended).toBeDefined(), until);
    expect(await mutual.client(port, bob).once()).toMatch(/UNAVAILABLE/);
    expect(mutual.records.map(({ kind }) => kind)).toContain('certificates-refused');
  });

  it('take back what the list of an authority in use says, also where that of a new one comes with a damaged certificate', async () => {
    const tls = await mutual.tls({ pollMs: 60_000 });
    const port = await mutual.serve(tls);
    const other = await mutual.otherAuthority();
    await mutual.authority.revoke(alice.serialNumber);
    const lists = await Promise.all([mutual.paths.revocations, other.revocationsPath].map((path) => readFile(path)));
    await writeFile(mutual.paths.revocations, Buffer.concat(lists));
    const pasted = other.certificatePem.replace('-----END', '----END');
    await writeFile(mutual.paths.authorities, mutual.authority.certificatePem + pasted);
    expect(await tls.reload()).toBe(false);
    expect(mutual.records.map(({ kind }) => kind)).toEqual(['certificates-changed', 'certificates-refused']);
    expect(mutual.records.at(-1)).toMatchObject({ reason: expect.stringMatching(/ca\.crt was cut short/) });
    expect(await mutual.client(port, alice).once()).toMatch(/UNAVAILABLE/);
    await writeFile(mutual.paths.authorities, mutual.authority.certificatePem + other.certificatePem);
    expect(await tls.reload()).toBe(true);
  });

  it('with other authorities hold, also where the certificate that the server has kept has expired', async () => {
    let nowMs = Date.now();
    const tls = await mutual.tls({ pollMs: 60_000 }, { ...nodeClock, wallMs: () => nowMs });
    nowMs += 91 * 86_400_000;
    const other = await mutual.otherAuthority();
    const authorities = mutual.authority.certificatePem + other.certificatePem;
    await writeFile(mutual.paths.authorities, authorities);
    expect(await tls.reload()).toBe(true);
    expect(tls.status).toMatchObject({ changes: 1, refusals: 0 });
    expect(tls.status.certificateDaysLeft).toBeLessThan(0);
    // A new one that has expired is refused as ever.
    const expired = await mutual.issueShortly('n1', -1000);
    await writeFile(mutual.paths.certificate, expired.certificatePem);
    await writeFile(mutual.paths.key, expired.keyPem);
    expect(await tls.reload()).toBe(false);
  });

  it('that are not good yet are used as soon as they are', async () => {
    let nowMs = Date.now();
    const tls = await mutual.tls({}, { ...nodeClock, wallMs: () => nowMs });
    const tomorrow = { ...nodeClock, wallMs: () => nowMs + 86_400_000 };
    const authority = await openAuthority(
      { dir: `${mutual.dir}/ca` },
      { files: nodeFiles, clock: tomorrow, random: nodeRandom, crypto },
    );
    await mutual.issueServer(authority);
    await vi.waitFor(() => expect(tls.status.refusals).toBe(1), until);
    expect(mutual.records.at(-1)).toMatchObject({ reason: expect.stringMatching(/is not valid before/) });
    expect(await tls.reload()).toBe(false);
    nowMs += 86_400_000;
    await vi.waitFor(() => expect(tls.status.changes).toBe(1), until);
    expect(tls.status).toMatchObject({ refusals: 1, certificateDaysLeft: expect.closeTo(90, 1) });
  });

  it('that had expired by a clock that was ahead are used once it is put right', async () => {
    let nowMs = Date.now();
    const tls = await mutual.tls({}, { ...nodeClock, wallMs: () => nowMs });
    nowMs += 365 * 86_400_000;
    await mutual.issueServer();
    await vi.waitFor(() => expect(tls.status.refusals).toBe(1), until);
    expect(mutual.records.at(-1)).toMatchObject({ reason: expect.stringMatching(/has expired on/) });
    nowMs -= 365 * 86_400_000;
    await vi.waitFor(() => expect(tls.status.changes).toBe(1), until);
    expect(tls.status.refusals).toBe(1);
  });

  it('with a revocation list from before let nobody in again, until the server starts anew, and it is said', async () => {
    const before = await readFile(mutual.paths.revocations);
    await mutual.authority.revoke(alice.serialNumber);
    const tls = await mutual.tls({ pollMs: 60_000 });
    const port = await mutual.serve(tls);
    await writeFile(mutual.paths.revocations, before);
    const renewed = await mutual.issueServer();
    expect(await tls.reload()).toBe(true);
    expect(mutual.records.at(-1)).toMatchObject({
      kind: 'revocations-kept',
      reason: expect.stringMatching(/ca\.crl: .* number 1 .* after 2/),
    });
    expect(await mutual.client(port, alice).once()).toMatch(/UNAVAILABLE/);
    const bob = await mutual.issue('bob');
    expect(await shakeHands(port, trusting(bob))).toBe(`accepted by ${renewed.serialNumber}`);
    // The same list beside another change is no news.
    await mutual.issueServer();
    expect(await tls.reload()).toBe(true);
    expect(mutual.records.filter(({ kind }) => kind === 'revocations-kept').length).toBe(1);
    expect(await mutual.client(await mutual.serve(await mutual.tls()), alice).once()).toBe('hello');
  });

  it.each([
    ['gone', () => ''],
    ['an older one', (older: string) => older],
  ])('take back at once what one authority says, where the list of another is %s', async (_, ofOther) => {
    const other = await mutual.otherAuthority();
    const theirs = await other.issue({ kind: 'client', subject: 'mallory' });
    const listOf = (path: string): Promise<string> => readFile(path, 'utf8');
    const older = await listOf(other.revocationsPath);
    await other.revoke(theirs.serialNumber);
    const ours = mutual.paths.revocations;
    const lists = `${mutual.dir}/all.crl`;
    const authorities = `${mutual.dir}/all.crt`;
    await writeFile(authorities, mutual.authority.certificatePem + other.certificatePem);
    await writeFile(lists, (await listOf(ours)) + (await listOf(other.revocationsPath)));
    const tls = await mutual.tls({ pollMs: 60_000, authorities, revocations: lists });
    const port = await mutual.serve(tls);
    await mutual.authority.revoke(alice.serialNumber);
    await writeFile(lists, (await listOf(ours)) + ofOther(older));
    expect(await tls.reload()).toBe(true);
    expect(mutual.records.map(({ kind }) => kind)).toEqual(['certificates-changed', 'revocations-kept']);
    for (const revoked of [alice, theirs]) expect(await mutual.client(port, revoked).once()).toMatch(/UNAVAILABLE/);
    expect(await mutual.client(port, await mutual.issue('bob')).once()).toBe('hello');
  });

  it('may retire an authority, together with its revocation list, which is heeded on should it come back', async () => {
    const other = await mutual.otherAuthority();
    const theirs = await other.issue({ kind: 'client', subject: 'mallory' });
    const older = await readFile(other.revocationsPath);
    await other.revoke(theirs.serialNumber);
    const [ours, newest] = await Promise.all(
      [mutual.paths.revocations, other.revocationsPath].map((path) => readFile(path)),
    );
    const both = mutual.authority.certificatePem + other.certificatePem;
    await writeFile(mutual.paths.authorities, both);
    await writeFile(mutual.paths.revocations, Buffer.concat([ours!, newest!]));
    const tls = await mutual.tls({ pollMs: 60_000 });
    const port = await mutual.serve(tls);
    await writeFile(mutual.paths.revocations, ours!);
    await writeFile(mutual.paths.authorities, mutual.authority.certificatePem);
    expect(await tls.reload()).toBe(true);
    await writeFile(mutual.paths.revocations, Buffer.concat([ours!, older]));
    await writeFile(mutual.paths.authorities, both);
    expect(await tls.reload()).toBe(true);
    expect(await mutual.client(port, theirs).once()).toMatch(/UNAVAILABLE/);
  });

  it('may come while others shake hands: each succeeds, with the old ones or the new', async () => {
    const tls = await mutual.tls();
    const port = await mutual.serve(tls);
    const served = new Set<string>();
    let isOver = false;
    const shaking = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const outcome = await shakeHands(port, trusting(alice));
        expect(outcome).toMatch(/^accepted by/);
        served.add(outcome);
      }
    });
    for (let changes = 1; changes <= 3; changes += 1) {
      const { serialNumber } = await mutual.issueServer();
      await vi.waitFor(() => expect(served).toContain(`accepted by ${serialNumber}`), until);
    }
    isOver = true;
    await Promise.all(shaking);
    expect(served.size).toBe(4);
    expect(tls.status.connectionsEnded).toBe(0);
  });

  it('may come from another authority: its clients are welcome, and the connections of the old one end', async () => {
    const tls = await mutual.tls();
    const port = await mutual.serve(tls);
    const stream = mutual.client(port, alice).forever();
    await vi.waitFor(() => expect(stream.received).toBeGreaterThan(0), until);
    const other = await mutual.otherAuthority();
    await writeFile(mutual.paths.revocations, await readFile(other.revocationsPath));
    await writeFile(mutual.paths.authorities, other.certificatePem);
    await mutual.issueServer(other);
    await vi.waitFor(() => expect(stream.ended).toBeDefined(), until);
    const bob = await other.issue({ kind: 'client', subject: 'bob' });
    // The authorities may have been swapped a moment before the server's own certificate.
    await vi.waitFor(
      async () => expect(await mutual.client(port, bob, other.certificatePem).once()).toBe('hello'),
      until,
    );
    expect(mutual.records.find(({ kind }) => kind === 'connection-ended')).toMatchObject({
      subject: 'CN=alice',
      reason: 'its authority is not accepted any more',
    });
  });
});

describe('a connection', () => {
  it('whose certificate is revoked ends, and cannot be made again; others go on', async () => {
    const tls = await mutual.tls();
    const port = await mutual.serve(tls);
    const bob = await mutual.issue('bob');
    const streams = [alice, bob].map((issued) => mutual.client(port, issued).forever());
    await vi.waitFor(() => expect(streams.every(({ received }) => received > 0)).toBe(true), until);
    await mutual.authority.revoke(alice.serialNumber);
    await vi.waitFor(() => expect(streams[0]!.ended).toBeDefined(), until);
    expect(await mutual.client(port, alice).once()).toMatch(/UNAVAILABLE/);
    const before = streams[1]!.received;
    await vi.waitFor(() => expect(streams[1]!.received).toBeGreaterThan(before + 5), until);
    expect(mutual.records.find(({ kind }) => kind === 'connection-ended')).toMatchObject({
      subject: 'CN=alice',
      serialNumber: alice.serialNumber,
      from: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      reason: 'its certificate was revoked',
    });
    expect(tls.status.connections).toBe(1);
  });

  it('whose certificate is revoked ends, whatever it presents besides', async () => {
    const tls = await mutual.tls();
    const port = await mutual.serve(tls);
    await mutual.authority.revoke(alice.serialNumber);
    await vi.waitFor(() => expect(tls.status.changes).toBe(1), until);
    for (const cover of [lookalikeOf, respelledOf]) {
      mutual.records.length = 0;
      const certificatePem = alice.certificatePem + (await cover(mutual.authority.certificatePem));
      expect(await mutual.client(port, { ...alice, certificatePem }).once()).toMatch(/UNAVAILABLE/);
      expect(mutual.records.at(-1)).toMatchObject({ kind: 'connection-ended', reason: 'its certificate was revoked' });
    }
  });

  it('whose certificate expires ends, and cannot be made again', async () => {
    const tls = await mutual.tls();
    const port = await mutual.serve(tls);
    const shortly = await mutual.issueShortly('alice', 3000);
    const stream = mutual.client(port, shortly).forever();
    await vi.waitFor(() => expect(stream.received).toBeGreaterThan(0), until);
    await vi.waitFor(() => expect(stream.ended).toBeDefined(), until);
    expect(Date.now()).toBeGreaterThan(shortly.expiresMs - 1000);
    expect(await shakeHands(port, trusting(shortly))).toMatch(/ECONNRESET|closed/);
    expect(mutual.records).toMatchObject([{ kind: 'connection-ended', reason: 'its certificate has expired' }]);
  });

  it('is counted for as long as it lives, and no longer', async () => {
    const tls = await mutual.tls();
    const port = await mutual.serve(tls);
    for (let time = 0; time < 10; time += 1) expect(await shakeHands(port, trusting(alice))).toMatch(/^accepted/);
    await vi.waitFor(() => expect(tls.status.connections).toBe(0), until);
  });
});

describe('a server that is dialled', () => {
  /** Dials a server as `checkServerIdentity` sees it, and says what is wrong with it. */
  async function dial(tls: ServerTls, port: number, authorityPem = mutual.authority.certificatePem) {
    let problem: Error | undefined;
    const checkServerIdentity = (_host: string, certificate: PeerCertificate) => {
      problem = tls.problemOfServer(certificate as DetailedPeerCertificate);
      return problem;
    };
    const socket = connect({ port, host: '127.0.0.1', ...trusting(alice), ca: authorityPem, checkServerIdentity });
    await new Promise((resolve) => socket.on('error', resolve).on('secureConnect', resolve));
    socket.destroy();
    return problem;
  }

  it('is believed until its certificate is revoked', async () => {
    const tls = await mutual.tls({ pollMs: 60_000 });
    const { serialNumber } = await mutual.issueServer();
    await tls.reload();
    const port = await mutual.serve(tls);
    expect(await dial(tls, port)).toBeUndefined();
    await mutual.authority.revoke(serialNumber);
    await tls.reload();
    expect(await dial(tls, port)).toMatchObject({
      code: 'certificates',
      message: expect.stringMatching(/was revoked/),
    });
  });

  it('is believed below an authority between, until that one is revoked', async () => {
    const root = await forgeAuthority('root');
    const between = await forgeAuthority('between', root, '0a');
    const uris = ['spiffe://prod/node/n2'];
    const server = await forgeBy(between, {
      commonNames: ['n2'],
      uris,
      usages: [serverAuth, clientAuth],
      serialNumber: '0b',
    });
    await writeFile(mutual.paths.certificate, server.certificatePem + between.certificatePem);
    await writeFile(mutual.paths.key, server.keyPem);
    await writeFile(mutual.paths.authorities, root.certificatePem + mutual.authority.certificatePem);
    const ours = await readFile(mutual.paths.revocations, 'utf8');
    await writeFile(mutual.paths.revocations, ours + pemOf('X509 CRL', await forgeList(root, [])));
    const tls = await mutual.tls({ pollMs: 60_000 });
    const port = await mutual.serve(tls);
    expect(await dial(tls, port, root.certificatePem)).toBeUndefined();
    await writeFile(mutual.paths.revocations, ours + pemOf('X509 CRL', await forgeList(root, ['0a'])));
    await tls.reload();
    expect(await dial(tls, port, root.certificatePem)).toMatchObject({ message: expect.stringMatching(/was revoked/) });
  });
});

describe('the status', () => {
  it('has the days that are left', async () => {
    const { status } = await mutual.tls();
    expect(status.certificateDaysLeft).toBeCloseTo(90, 1);
    expect(status.authorityDaysLeft).toBeCloseTo(3650, 1);
    expect(status.revocationsDaysLeft).toBeCloseTo(30, 1);
  });

  it.each([{ pollMs: 5 }, { sweepMs: 60_001 }, { handshakeTimeoutMs: 1 }])(
    'needs settings in range: %o',
    async (settings) => {
      await expect(mutual.tls(settings)).rejects.toMatchObject({ code: 'settings' });
    },
  );
});
