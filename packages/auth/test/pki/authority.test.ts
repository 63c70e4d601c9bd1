import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmod, copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Files } from '@commitlog/runtime';
import { nodeClock, nodeFiles, nodeRandom } from '@commitlog/runtime/node';
import { SeededRandom, type SimulatedDisk } from '@commitlog/simulation';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  AuthError,
  Authenticator,
  type Authority,
  createAuthority,
  type Issued,
  openAuthority,
  saveIssued,
} from '../../src/index.js';
import { importKey } from '../../src/pki/keys.js';
import { RevocationList } from '../../src/pki/revocation-list.js';
import { readSmallFile } from '../../src/small-file.js';
import { keyDigest, Revocations } from '../../src/tls/revocations.js';
import { entryOf } from '../../src/tls/signed-list.js';
import { X509Certificate as OurCertificate } from '../../src/x509.js';
import { World } from '../world.js';
import { hasOpenssl, openssl } from './openssl.js';

const components = { files: nodeFiles, clock: nodeClock, random: nodeRandom, crypto };
const node = { kind: 'node', cluster: 'prod', nodeId: 'n1', hosts: ['localhost', '127.0.0.1', '::1'] } as const;
const client = { kind: 'client', subject: 'Jürgen, the "first"' } as const;
const dayMs = 86_400_000;

let dir: string;
let authority: Authority;
const at = (name: string): string => join(dir, name);

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'commitlog-pki-'));
  authority = await createAuthority({ dir, name: 'test CA' }, components);
});
afterEach(() => rm(dir, { recursive: true }));

async function save(issued: Issued, name: string): Promise<void> {
  await saveIssued(issued, { certificate: at(`${name}.crt`), key: at(`${name}.key`) }, components);
}

async function openList(): Promise<RevocationList> {
  const issuer = new OurCertificate(await readFile(at('ca.crt'), 'utf8'));
  const key = await importKey(await readFile(at('ca.key'), 'utf8'), crypto);
  return new RevocationList({ path: at('ca.crl'), issuer, key }, components);
}

describe('a certificate', () => {
  it('of a node has its id, its hosts, both usages, a P-256 key and 90 days', async () => {
    const { certificatePem, keyPem, serialNumber, expiresMs } = await authority.issue(node);
    const certificate = new X509Certificate(certificatePem);
    expect(certificate.subjectAltName).toBe(
      'URI:spiffe://prod/node/n1, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(certificate.serialNumber).toBe(serialNumber);
    expect(certificate.ca).toBe(false);
    expect(Math.round((expiresMs - Date.now()) / dayMs)).toBe(90);
    expect(Date.parse(certificate.validTo)).toBe(Math.floor(expiresMs / 1000) * 1000);
    expect(keyPem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    const principal = new Authenticator({ cluster: 'prod' }).authenticate(certificate);
    expect(principal).toEqual({ principal: { kind: 'node', cluster: 'prod', nodeId: 'n1' } });
  });

  it('of a client is that subject’s, whatever characters it has', async () => {
    const { certificatePem } = await authority.issue(client, { days: 1 });
    const principal = new Authenticator({ cluster: 'prod' }).authenticate(new X509Certificate(certificatePem));
    expect(principal).toEqual({ principal: { kind: 'client', subject: 'Jürgen, the "first"' } });
  });

  it.each([
    [{ ...node, hosts: [] }, /under which it is dialled/],
    [{ ...node, hosts: ['a b'] }, /neither a name/],
    [{ ...node, hosts: ['300.1.1.1'] }, /neither a name/],
    [{ ...node, hosts: ['::::1'] }, /neither a name/],
    [{ ...node, hosts: ['fe80::1%eth0'] }, /neither a name/],
    [{ ...node, hosts: ['*.example.com'] }, /neither a name/],
    [{ ...node, nodeId: 'a/b' }, /is no node/],
    [{ ...node, cluster: 'Prod' }, /is no node/],
    [{ ...client, subject: 'role:operator' }, /role:/],
    [{ ...client, subject: '' }, /empty/],
  ])('that nobody would accept is not issued: %o', async (identity, why) => {
    await expect(async () => authority.issue(identity)).rejects.toMatchObject({
      code: 'identity',
      message: expect.stringMatching(why),
    });
  });

  it('never outlives its authority', async () => {
    await expect(authority.issue(client, { days: 3649 })).resolves.toBeDefined();
    await rm(dir, { recursive: true });
    authority = await createAuthority({ dir, name: 'short', days: 30 }, components);
    await expect(authority.issue(client)).rejects.toMatchObject({ code: 'settings' });
    await expect(authority.issue(client, { days: 29 })).resolves.toBeDefined();
  });

  it('is renewed with another key and serial number, and the same names', async () => {
    const first = await authority.issue(node);
    const second = await authority.renew(first.serialNumber.toLowerCase());
    const [before, after] = [first, second].map(({ certificatePem }) => new X509Certificate(certificatePem));
    expect(after!.subjectAltName).toBe(before!.subjectAltName);
    expect(after!.subject).toBe(before!.subject);
    expect(after!.serialNumber).not.toBe(before!.serialNumber);
    expect(after!.publicKey.equals(before!.publicKey)).toBe(false);
    const principal = new Authenticator({ cluster: 'prod' }).authenticate(after!);
    expect(principal).toMatchObject({ principal: { nodeId: 'n1' } });
  });

  it('that was not issued here, or was revoked, is neither renewed nor revoked', async () => {
    for (const serial of ['0', 'ABCDEF', '../../ca', '']) {
      await expect(authority.renew(serial)).rejects.toMatchObject({ code: 'unknown-certificate' });
      await expect(authority.revoke(serial)).rejects.toMatchObject({ code: 'unknown-certificate' });
    }
    const { serialNumber } = await authority.issue(client);
    await authority.revoke(serialNumber);
    await expect(authority.renew(serialNumber)).rejects.toMatchObject({ code: 'already-revoked' });
    await expect(authority.revoke(serialNumber)).rejects.toMatchObject({ code: 'already-revoked' });
  });
});

describe('an authority', () => {
  it('stays revoked beside twenty thousand others, here and for a server', { timeout: 120_000 }, async () => {
    const { serialNumber } = await authority.issue(client);
    const others = Array.from({ length: 20_000 }, (_, at) => entryOf((2 ** 40 + at).toString(16), Date.now()));
    const entries = [...others, entryOf(serialNumber, Date.now())];
    await (await openList()).write({ entries, number: 2n });
    expect(await authority.list()).toMatchObject([{ serialNumber, isRevoked: true }]);
    const root = new X509Certificate(authority.certificatePem);
    const revocations = await Revocations.read(await readFile(at('ca.crl')), 'ca.crl', [root]);
    expect(revocations.size).toBe(entries.length);
    expect(revocations.has({ issuerKey: keyDigest(root), serialNumber })).toBe(true);
  });

  it('leaves out of its list whom no clock can take for good any more, and knows them for revoked all the same', async () => {
    const world = new World();
    const at = { files: world.files, clock: world.clock, random: new SeededRandom(1), crypto };
    const made = await createAuthority({ dir: '/ca', name: 'test CA' }, at);
    const [short, long, lost] = [
      await made.issue(client, { days: 1 }),
      await made.issue(node, { days: 365 }),
      await made.issue(client, { days: 1 }),
    ] as const;
    for (const { serialNumber } of [short, long, lost]) await made.revoke(serialNumber);
    // What is not known here may be good for longer than anybody thinks.
    await world.files.remove(`/ca/issued/${lost.serialNumber}.crt`);
    const root = new X509Certificate(made.certificatePem);
    const listed = async (): Promise<string[]> => {
      const content = await readSmallFile(world.files, { path: '/ca/ca.crl', bytesMax: 10_000 });
      const revocations = await Revocations.read(content, 'ca.crl', [root]);
      const serials = [short, long, lost].map(({ serialNumber }) => serialNumber);
      return serials.filter((serialNumber) => revocations.has({ issuerKey: keyDigest(root), serialNumber }));
    };
    const all = [short, long, lost].map(({ serialNumber }) => serialNumber);
    world.clock.advanceTo(world.clock.monotonicMs() + 20 * dayMs);
    // Long after it has expired, and signed for the first time since.
    await made.refreshRevocations();
    expect(await listed()).toEqual(all);
    world.clock.advanceTo(world.clock.monotonicMs() + 20 * dayMs);
    await made.refreshRevocations();
    expect(await listed()).toEqual(all);
    await made.refreshRevocations();
    expect(await listed()).toEqual(all.slice(1));
    const known = { serialNumber: short.serialNumber, isRevoked: true, commonName: client.subject };
    expect(await made.list()).toContainEqual(expect.objectContaining(known));
    const again = await openAuthority({ dir: '/ca' }, at);
    for (const act of [again.renew(short.serialNumber), again.revoke(short.serialNumber)])
      await expect(act).rejects.toMatchObject({ code: 'already-revoked' });
  });

  it('renews nobody who was revoked, also where the list is refreshed meanwhile', async () => {
    for (let before = 0, isOver = false; !isOver; before += 1) {
      const world = new World();
      const at = { files: world.files, clock: world.clock, random: new SeededRandom(1), crypto };
      const made = await createAuthority({ dir: '/ca', name: 'test CA' }, at);
      const { serialNumber } = await made.issue(client, { days: 1 });
      await made.revoke(serialNumber);
      world.clock.advanceTo(world.clock.monotonicMs() + 40 * dayMs);
      await made.refreshRevocations();
      let opened = 0;
      const open = world.files.open.bind(world.files);
      world.files.open = async (...args) => {
        if (opened++ === before) await made.refreshRevocations();
        return open(...args);
      };
      await expect(made.renew(serialNumber)).rejects.toMatchObject({ code: 'already-revoked' });
      isOver = opened <= before;
    }
  });

  it('knows for revoked whose certificate came back from a backup', async () => {
    const world = new World();
    const at = { files: world.files, clock: world.clock, random: new SeededRandom(1), crypto };
    const made = await createAuthority({ dir: '/ca', name: 'test CA' }, at);
    const { serialNumber, certificatePem } = await made.issue(client, { days: 1 });
    await made.revoke(serialNumber);
    world.clock.advanceTo(world.clock.monotonicMs() + 40 * dayMs);
    await made.refreshRevocations();
    await made.refreshRevocations();
    world.put(`/ca/issued/${serialNumber}.crt`, certificatePem);
    await expect(made.renew(serialNumber)).rejects.toMatchObject({ code: 'already-revoked' });
    await expect(made.revoke(serialNumber)).rejects.toMatchObject({ code: 'already-revoked' });
    expect(await made.list()).toMatchObject([{ serialNumber, isRevoked: true }]);
  });

  it('puts back on its list whom it has left out by a clock that was ahead', async () => {
    const world = new World();
    let aheadMs = 0;
    const clock = Object.assign(Object.create(world.clock), { wallMs: () => world.clock.wallMs() + aheadMs });
    const made = await createAuthority(
      { dir: '/ca', name: 'test CA' },
      { files: world.files, clock, random: new SeededRandom(1), crypto },
    );
    const { serialNumber } = await made.issue(client);
    await made.revoke(serialNumber);
    const root = new X509Certificate(made.certificatePem);
    const isListed = async (): Promise<boolean> => {
      const content = await readSmallFile(world.files, { path: '/ca/ca.crl', bytesMax: 10_000 });
      const revocations = await Revocations.read(content, 'ca.crl', [root]);
      return revocations.has({ issuerKey: keyDigest(root), serialNumber });
    };
    aheadMs = 365 * dayMs;
    await made.refreshRevocations();
    expect(await isListed()).toBe(true);
    // The list that this one replaces was signed in what is the future still.
    aheadMs = 0;
    await made.refreshRevocations();
    expect(await isListed()).toBe(true);
    aheadMs = 365 * dayMs;
    await made.refreshRevocations();
    await made.refreshRevocations();
    expect(await isListed()).toBe(false);
    aheadMs = 0;
    await made.refreshRevocations();
    expect(await isListed()).toBe(true);
    await expect(made.renew(serialNumber)).rejects.toMatchObject({ code: 'already-revoked' });
  });

  it('takes back anew whom a clock that was ahead has left out, and says of whom has expired that no list needs them', async () => {
    const world = new World();
    let aheadMs = 0;
    const clock = Object.assign(Object.create(world.clock), { wallMs: () => world.clock.wallMs() + aheadMs });
    const made = await createAuthority(
      { dir: '/ca', name: 'test CA' },
      { files: world.files, clock, random: new SeededRandom(1), crypto },
    );
    const { serialNumber } = await made.issue(client);
    await made.revoke(serialNumber);
    const root = new X509Certificate(made.certificatePem);
    const timesListed = async (): Promise<number> => {
      const content = await readSmallFile(world.files, { path: '/ca/ca.crl', bytesMax: 10_000 });
      const revocations = await Revocations.read(content, 'ca.crl', [root]);
      expect(revocations.has({ issuerKey: keyDigest(root), serialNumber })).toBe(revocations.size === 1);
      return revocations.size;
    };
    aheadMs = 365 * dayMs;
    for (let time = 0; time < 2; time += 1) await made.refreshRevocations();
    expect(await timesListed()).toBe(0);
    await expect(made.revoke(serialNumber)).rejects.toMatchObject({
      code: 'already-revoked',
      message: expect.stringMatching(
        /was revoked before, and is on the list no more since it expired on .*: if the clock .* is ahead, put it right and revoke again/,
      ),
    });
    aheadMs = 0;
    await made.revoke(serialNumber);
    expect(await timesListed()).toBe(1);
    await expect(made.revoke(serialNumber)).rejects.toMatchObject({
      code: 'already-revoked',
      message: `${serialNumber} was revoked before, and is on the list`,
    });
    await expect(made.renew(serialNumber)).rejects.toMatchObject({ code: 'already-revoked' });
    expect(await made.list()).toMatchObject([{ serialNumber, isRevoked: true }]);
    // As before: left out once it has really expired.
    world.clock.advanceTo(world.clock.monotonicMs() + 200 * dayMs);
    for (let time = 0; time < 2; time += 1) await made.refreshRevocations();
    expect(await timesListed()).toBe(0);
  });

  it('forgets no revocation where leaving some out of the list broke off', async () => {
    const world = new World();
    const at = { files: world.files, clock: world.clock, random: new SeededRandom(1), crypto };
    const made = await createAuthority({ dir: '/ca', name: 'test CA' }, at);
    const { serialNumber } = await made.issue(client, { days: 1 });
    await made.revoke(serialNumber);
    world.clock.advanceTo(world.clock.monotonicMs() + 40 * dayMs);
    await made.refreshRevocations();
    const states: SimulatedDisk[] = [];
    world.disk.onOperation = () => {
      for (const state of world.disk.crashStates({ random: at.random })) states.push(state.disk);
    };
    await made.refreshRevocations();
    expect(states.length).toBeGreaterThan(3);
    for (const { files } of states) {
      const after = await openAuthority({ dir: '/ca' }, { ...at, files });
      expect((await after.list()).map(({ isRevoked }) => isRevoked)).toEqual([true]);
      await expect(after.renew(serialNumber)).rejects.toMatchObject({ code: 'already-revoked' });
      await after.refreshRevocations();
    }
  });

  it('writes no list that would not say what it should, and says so', async () => {
    const before = await readFile(at('ca.crl'));
    const list = await openList();
    const odd = [
      { entries: [], number: -1n },
      { entries: [], number: 2n ** 200n },
      { entries: [{ serialNumber: '0B', der: Buffer.of(0x30, 0) }], number: 2n },
      { entries: [{ ...entryOf('0B', 0), serialNumber: 'C' }], number: 2n },
    ];
    for (const content of odd) {
      await expect(list.write(content)).rejects.toMatchObject({
        name: 'AuthError',
        code: 'certificates',
        path: at('ca.crl'),
        message: expect.stringMatching(/would not say what it should.* nothing was changed/),
      });
    }
    expect(await readFile(at('ca.crl'))).toEqual(before);
  });

  it('goes on from no list but its own', async () => {
    const other = await createAuthority({ dir: at('other'), name: 'test CA' }, components);
    await copyFile(other.revocationsPath, at('ca.crl'));
    const { serialNumber } = await authority.issue(client);
    await expect(authority.revoke(serialNumber)).rejects.toMatchObject({
      code: 'certificates',
      message: expect.stringMatching(/not signed by this authority/),
    });
  });

  it('writes over no key that came meanwhile', async () => {
    const { files, clock } = new World();
    const world = { files, clock, random: new SeededRandom(1), crypto };
    const theirs = 'the key of somebody who heeds no lock';
    const list = async (directory: string): Promise<string[]> => {
      const names = await files.list(directory);
      const file = await files.open(`${directory}/ca.key`, 'create', 0o600);
      file.write([Buffer.from(theirs)], 0);
      await file.close();
      return names;
    };
    const meanwhile: Files = {
      open: (...args) => files.open(...args),
      rename: (...args) => files.rename(...args),
      syncDirectory: (directory) => files.syncDirectory(directory),
      absolute: (path) => files.absolute(path),
      list,
      makeDirectory: (directory) => files.makeDirectory(directory),
      remove: (path) => files.remove(path),
      lock: (directory) => files.lock(directory),
    };
    await expect(createAuthority({ dir: '/ca', name: 'x' }, { ...world, files: meanwhile })).rejects.toMatchObject({
      code: 'authority-exists',
    });
    expect(`${await readSmallFile(files, { path: '/ca/ca.key', bytesMax: 1000 })}`).toBe(theirs);
  });

  it('lists what it issued, and what of it was revoked', async () => {
    const one = await authority.issue(node);
    const two = await authority.issue(client);
    await authority.revoke(two.serialNumber);
    const list = await authority.list();
    expect(list.find(({ serialNumber }) => serialNumber === one.serialNumber)).toEqual({
      serialNumber: one.serialNumber,
      commonName: 'n1',
      uris: ['spiffe://prod/node/n1'],
      expiresMs: Math.floor(one.expiresMs / 1000) * 1000,
      isRevoked: false,
    });
    expect(list.find(({ serialNumber }) => serialNumber === two.serialNumber)?.isRevoked).toBe(true);
    expect(list).toHaveLength(2);
  });

  it('is opened again, and goes on', async () => {
    const { serialNumber } = await authority.issue(client);
    const again = await openAuthority({ dir }, components);
    expect(again.certificatePem).toBe(authority.certificatePem);
    await again.revoke(serialNumber);
    expect((await authority.list()).map(({ isRevoked }) => isRevoked)).toEqual([true]);
  });

  it('is not made where there is one, nor opened where there is none or a damaged one', async () => {
    await expect(createAuthority({ dir, name: 'other' }, components)).rejects.toMatchObject({
      code: 'authority-exists',
    });
    await expect(openAuthority({ dir: at('none') }, components)).rejects.toMatchObject({ code: 'file' });
    await writeFile(at('ca.key'), 'nonsense');
    await expect(openAuthority({ dir }, components)).rejects.toMatchObject({ code: 'certificates' });
  });

  it('is not made where certificates of another one are left', async () => {
    const { serialNumber } = await authority.issue(client);
    for (const name of ['ca.crt', 'ca.key', 'ca.crl']) await rm(at(name));
    await expect(createAuthority({ dir, name: 'other' }, components)).rejects.toMatchObject({
      code: 'authority-exists',
      message: expect.stringMatching(/issued has certificates of another authority: move/),
    });
    await rm(at(`issued/${serialNumber}.crt`));
    await expect(createAuthority({ dir, name: 'other' }, components)).resolves.toBeDefined();
  });

  it('is not opened with the key of another one', async () => {
    await createAuthority({ dir: at('other'), name: 'other' }, components);
    await copyFile(at('other/ca.key'), at('ca.key'));
    await expect(openAuthority({ dir }, components)).rejects.toMatchObject({
      code: 'certificates',
      message: expect.stringContaining('ca.key is not the key of ca.crt'),
    });
  });

  it('says that its revocation list is damaged, and does not begin a new one', async () => {
    const { serialNumber } = await authority.issue(client);
    const list = await readFile(at('ca.crl'), 'utf8');
    for (const content of ['', 'nonsense', list.slice(0, 200), list + list, list + list.replace('-----', '----')]) {
      await writeFile(at('ca.crl'), content);
      const damaged = { code: 'certificates', path: at('ca.crl') };
      await expect(authority.revoke(serialNumber)).rejects.toMatchObject(damaged);
      await expect(authority.renew(serialNumber)).rejects.toMatchObject(damaged);
      await expect(authority.refreshRevocations()).rejects.toMatchObject(damaged);
      await expect(authority.list()).rejects.toMatchObject(damaged);
      expect(await readFile(at('ca.crl'), 'utf8')).toBe(content);
    }
  });

  it('that changes at once from several sides loses no change', async () => {
    const issued = await Promise.all(Array.from({ length: 8 }, () => authority.issue(client)));
    expect(new Set(issued.map(({ serialNumber }) => serialNumber)).size).toBe(8);
    const outcomes = await Promise.all(
      issued.map(async ({ serialNumber }) => {
        const again = await openAuthority({ dir }, components);
        for (;;) {
          const error = await again.revoke(serialNumber).catch((thrown: unknown) => thrown);
          // Whoever finds the directory locked comes again.
          if (!(error instanceof AuthError) || error.code !== 'file') return error;
          await setImmediate();
        }
      }),
    );
    expect(outcomes).toEqual(issued.map(() => undefined));
    expect((await authority.list()).filter(({ isRevoked }) => isRevoked)).toHaveLength(8);
  });

  it.each([0o000, 0o077, 0o177, 0o777 & ~0o700])('writes keys for their owner alone under umask %o', async (mask) => {
    const before = process.umask(mask);
    try {
      await createAuthority({ dir: at('masked'), name: 'test CA' }, components);
    } finally {
      process.umask(before);
    }
    expect((await stat(at('masked/ca.key'))).mode & 0o777).toBe(0o600);
    await expect(openAuthority({ dir: at('masked') }, components)).resolves.toBeDefined();
  });

  it('whose making broke off anywhere is whole, or is not there, or says what is left of it', async () => {
    let brokeOff = 0;
    const said: string[] = [];
    for (let allowed = 0; ; allowed += 1) {
      const { files, clock } = new World();
      let changes = 0;
      const change = <Result>(work: () => Promise<Result>): Promise<Result> => {
        changes += 1;
        return changes > allowed ? Promise.reject(new Error('the power is gone')) : work();
      };
      const breaking: Files = {
        open: (...args) => change(() => files.open(...args)),
        rename: (...args) => change(() => files.rename(...args)),
        syncDirectory: (...args) => change(() => files.syncDirectory(...args)),
        absolute: (path) => files.absolute(path),
        list: (directory) => files.list(directory),
        makeDirectory: (directory) => files.makeDirectory(directory),
        remove: (path) => files.remove(path),
        lock: (directory) => files.lock(directory),
      };
      const world = { files, clock, random: new SeededRandom(1), crypto };
      const made = await createAuthority({ dir: '/ca', name: 'x' }, { ...world, files: breaking }).catch(
        () => undefined,
      );
      if (made !== undefined) break;
      brokeOff += 1;
      const opened = await openAuthority({ dir: '/ca' }, world).catch(() => undefined);
      if (opened !== undefined) {
        await opened.revoke((await opened.issue(client)).serialNumber);
        continue;
      }
      const again = await createAuthority({ dir: '/ca', name: 'x' }, world).catch((error: unknown) => error);
      if (again instanceof AuthError) said.push(again.message);
      else await (again as Authority).issue(client);
    }
    for (const message of said) expect(message).toMatch(/ca\.key but no ca\.crt.* interrupted/);
    expect(said).not.toEqual([]);
    expect(brokeOff).toBeGreaterThan(6);
  });

  it('writes keys for their owner alone, and refuses one that others may read', async () => {
    await save(await authority.issue(client), 'alice');
    for (const key of ['ca.key', 'alice.key']) expect((await stat(at(key))).mode & 0o777).toBe(0o600);
    for (const mode of [0o640, 0o604, 0o620, 0o777]) {
      await chmod(at('ca.key'), mode);
      await expect(openAuthority({ dir }, components)).rejects.toMatchObject({
        code: 'key-exposed',
        message: expect.stringContaining('chmod 600'),
      });
    }
    await chmod(at('ca.key'), 0o400);
    await expect(openAuthority({ dir }, components)).resolves.toBeDefined();
  });

  it('replaces a key that others could read by one that they cannot', async () => {
    await writeFile(at('alice.key'), 'old', { mode: 0o644 });
    await writeFile(at('alice.key.new'), 'left behind', { mode: 0o666 });
    await save(await authority.issue(client), 'alice');
    expect((await stat(at('alice.key'))).mode & 0o777).toBe(0o600);
  });

  it('saves a pair that fits, or leaves the certificate of the key beside it, whenever the power is cut', async () => {
    const { disk, files, clock } = new World();
    const [random, paths] = [new SeededRandom(1), { certificate: '/ca/n1.crt', key: '/ca/n1.key' }];
    const made = await createAuthority({ dir: '/ca', name: 'test CA' }, { files, clock, random, crypto });
    await saveIssued(await made.issue(node), paths, { files });
    const states: SimulatedDisk[] = [];
    disk.onOperation = () => {
      for (const state of disk.crashStates({ random })) states.push(state.disk);
    };
    await saveIssued(await made.issue(node), paths, { files });
    const found = { fits: 0, liesBeside: 0, isLost: 0 };
    for (const { files } of states) {
      const read = async (path: string) => `${await readSmallFile(files, { path, bytesMax: 10_000 })}`;
      const fits = async (path: string) =>
        new X509Certificate(await read(path)).checkPrivateKey(createPrivateKey(await read(paths.key)));
      if (await fits(paths.certificate)) found.fits += 1;
      else if (await fits(`${paths.certificate}.new`)) found.liesBeside += 1;
      else found.isLost += 1;
    }
    expect(found.fits).toBeGreaterThan(10);
    expect(found.liesBeside).toBeGreaterThan(0);
    expect(found.isLost).toBe(0);
  });

  it('loses no certificate to a power cut once it has issued it', async () => {
    const { disk, files, clock } = new World();
    const world = { files, clock, random: new SeededRandom(1), crypto };
    const made = await createAuthority({ dir: '/ca', name: 'test CA' }, world);
    const { serialNumber } = await made.issue(client);
    for (const state of disk.crashStates({ random: new SeededRandom(2) })) {
      const after = await openAuthority({ dir: '/ca' }, { ...world, files: state.disk.files });
      expect((await after.list()).map((each) => each.serialNumber)).toEqual([serialNumber]);
    }
  });
});

describe.skipIf(!hasOpenssl)('openssl', () => {
  it.each([
    ['node', node, ['sslserver', 'sslclient']],
    ['client', client, ['sslclient']],
  ] as const)('verifies a %s certificate for what it is for', async (name, identity, purposes) => {
    await save(await authority.issue(identity), name);
    for (const purpose of ['sslserver', 'sslclient'] as const) {
      const { isGood, output } = openssl([
        ...[
          'verify',
          '-x509_strict',
          '-purpose',
          purpose,
          '-CAfile',
          at('ca.crt'),
          '-CRLfile',
          at('ca.crl'),
          '-crl_check',
        ],
        at(`${name}.crt`),
      ]);
      expect(output).toContain(
        (purposes as readonly string[]).includes(purpose) ? ': OK' : 'unsuitable certificate purpose',
      );
      expect(isGood).toBe((purposes as readonly string[]).includes(purpose));
    }
    const key = openssl(['pkey', '-in', at(`${name}.key`), '-pubout']).output;
    expect(openssl(['x509', '-in', at(`${name}.crt`), '-noout', '-pubkey']).output).toBe(key);
  });

  it('verifies a renewed certificate, and the authority itself', async () => {
    const { serialNumber } = await authority.issue(node);
    await save(await authority.renew(serialNumber), 'renewed');
    expect(openssl(['verify', '-x509_strict', '-CAfile', at('ca.crt'), at('renewed.crt'), at('ca.crt')])).toMatchObject(
      {
        isGood: true,
      },
    );
  });

  it('refuses a revoked certificate, by a list whose number grows', async () => {
    const numberOf = (): string =>
      openssl(['crl', '-in', at('ca.crl'), '-noout', '-crlnumber', '-CAfile', at('ca.crt')]).output;
    expect(numberOf()).toContain('crlNumber=0x01\n');
    expect(numberOf()).toContain('verify OK\n');
    for (let number = 2; number < 20; number += 1) await authority.refreshRevocations();
    const issued = await authority.issue(client);
    await save(issued, 'alice');
    await authority.revoke(issued.serialNumber);
    const { isGood, output } = openssl([
      ...['verify', '-CAfile', at('ca.crt'), '-CRLfile', at('ca.crl'), '-crl_check', at('alice.crt')],
    ]);
    expect(output).toContain('certificate revoked');
    expect(isGood).toBe(false);
    expect(numberOf()).toContain('crlNumber=0x14\n');
    const text = openssl(['crl', '-in', at('ca.crl'), '-noout', '-text']).output;
    expect(text).toContain(`Serial Number: ${issued.serialNumber}`);
    expect(await readFile(at('ca.crl'), 'utf8')).toMatch(/^-----BEGIN X509 CRL-----\n/);
  });

  it('counts revocation lists beyond 127 and 255', async () => {
    const list = await openList();
    const printed = (): string => openssl(['crl', '-in', at('ca.crl'), '-noout', '-crlnumber']).output;
    for (const [before, after] of [
      [127n, '0x80'],
      [128n, '0x81'],
      [255n, '0x0100'],
      [2n ** 40n, '0x010000000001'],
      [2n ** 128n, '0x0100000000000000000000000000000001'],
    ] as const) {
      await list.write({ entries: [], number: before });
      await authority.refreshRevocations();
      expect(printed()).toContain(`crlNumber=${after}\n`);
    }
  });
});
