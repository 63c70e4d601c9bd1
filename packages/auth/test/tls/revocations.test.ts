import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { derElement, derElements, derOf, derTags } from '../../src/der.js';
import { AuthError } from '../../src/index.js';
import { importKey, sign } from '../../src/pki/keys.js';
import { readCredentials } from '../../src/tls/credential-files.js';
import { pemOf, pemParts } from '../../src/tls/pem.js';
import { keyDigest, Revocations } from '../../src/tls/revocations.js';
import { entryOf, joinSignature, takeApart, withEntries } from '../../src/tls/signed-list.js';
import { Extension } from '../../src/x509.js';
import { forgeAuthority, forgeList, type Signer } from '../forge.js';
import { Mutual } from './mutual.js';

let mutual: Mutual;
beforeEach(async () => {
  mutual = await Mutual.make();
});
afterEach(() => mutual.remove());

const listOf = (path = mutual.paths.revocations): Promise<Buffer> => readFile(path);
const authorityOf = ({ certificatePem }: { readonly certificatePem: string }): X509Certificate =>
  new X509Certificate(certificatePem);

/** An issuing distribution point, critical: a name of a place, and users' certificates alone. */
const place = (uri: string): Extension => {
  const name = derOf(0xa0, derOf(0xa0, derOf(0x86, Buffer.from(uri))));
  return new Extension('2.5.29.28', true, derOf(derTags.sequence, name, derOf(0x81, Buffer.of(0xff))));
};
const users = new Extension('2.5.29.28', true, Buffer.of(0x30, 3, 0x81, 1, 0xff));

describe('a revocation list', () => {
  it('says what was revoked, in PEM and in DER, and when the next one is due', async () => {
    const { serialNumber } = await mutual.issue('alice');
    const other = (await mutual.issue('bob')).serialNumber;
    await mutual.authority.revoke(serialNumber);
    const authority = authorityOf(mutual.authority);
    const issuerKey = keyDigest(authority);
    const pem = await listOf();
    for (const content of [pem, pemParts(`${pem}`, 'X509 CRL').blocks[0]!]) {
      const revocations = await Revocations.read(content, 'list', [authority]);
      expect(revocations.has({ issuerKey, serialNumber })).toBe(true);
      expect(revocations.has({ issuerKey, serialNumber: other })).toBe(false);
      expect(revocations.has({ issuerKey: 'another', serialNumber })).toBe(false);
      expect(revocations.nextUpdateMs(new Set([issuerKey]))).toBeGreaterThan(Date.now());
      expect(revocations.nextUpdateMs(new Set())).toBeUndefined();
    }
  });

  it('of each of several authorities speaks of its own certificates', async () => {
    const other = await mutual.otherAuthority();
    const theirs = await other.issue({ kind: 'client', subject: 'alice' });
    await other.revoke(theirs.serialNumber);
    const both = Buffer.concat([await listOf(), await listOf(other.revocationsPath)]);
    const authorities = [mutual.authority, other].map(authorityOf);
    const revocations = await Revocations.read(both, 'list', authorities);
    expect(revocations.size).toBe(1);
    const [ours, their] = authorities.map((authority) => ({
      issuerKey: keyDigest(authority),
      serialNumber: theirs.serialNumber,
    }));
    expect([revocations.has(ours!), revocations.has(their!)]).toEqual([false, true]);
    await expect(Revocations.read(both, 'list', [authorities[0]!])).rejects.toThrow(/signed by none/);
  });

  it('that does not say when the next one is due is refused', async () => {
    const authority = await forgeAuthority('root');
    const read = (list: Buffer) => Revocations.read(list, 'list', [authorityOf(authority)]);
    expect((await read(await forgeList(authority, ['0b']))).size).toBe(1);
    await expect(read(await forgeList(authority, ['0b'], null))).rejects.toThrow(/when the next one is due/);
  });

  it.each([
    ['what has changed', '2.5.29.27', [2, 1, 1], /only what has changed .* complete one is needed, take the one/],
    ['authorities', '2.5.29.28', [0x30, 3, 0x82, 1, 0xff], /only a part: onlyContainsCACerts .* have its authority/],
    ['some reasons', '2.5.29.28', [0x30, 4, 0x83, 2, 1, 0x40], /only a part: onlySomeReasons/],
    ['others, too', '2.5.29.28', [0x30, 3, 0x84, 1, 0xff], /only a part: indirectCRL/],
    ['attributes', '2.5.29.28', [0x30, 6, 0x81, 1, 0xff, 0x85, 1, 0xff], /only a part: onlyContainsAttributeCerts/],
    ['what nobody knows', '2.5.29.28', [0x30, 3, 0x86, 1, 0xff], /only a part: .* type 134/],
    ['nothing that can be read', '2.5.29.28', [0x30, 9], /cut short/],
  ])('of %s is refused, critical or not', async (_, type, value, why) => {
    const authority = await forgeAuthority('root');
    for (const isCritical of [true, false]) {
      const extensions = [new Extension(type, isCritical, Buffer.from(value))];
      const list = await forgeList(authority, [], undefined, { extensions });
      const reading = Revocations.read(list, 'list', [authorityOf(authority)]);
      await expect(reading).rejects.toMatchObject({ code: 'certificates', message: expect.stringMatching(why) });
    }
  });

  it('that has a critical extension nobody here knows, or one twice, is refused', async () => {
    const authority = await forgeAuthority('root');
    const odd = (isCritical: boolean) => new Extension('1.2.3', isCritical, Buffer.of(5, 0));
    const read = async (...extensions: Extension[]) =>
      Revocations.read(await forgeList(authority, ['0a'], undefined, { extensions }), 'list', [authorityOf(authority)]);
    expect((await read(odd(false))).size).toBe(1);
    await expect(read(odd(true))).rejects.toThrow(/critical extension 1\.2\.3, which is not understood/);
    await expect(read(place('a'), place('a'))).rejects.toThrow(/2\.5\.29\.28 twice/);
  });

  it('may say where it is found, and that it is of users alone, as that of step-ca does', async () => {
    const authority = await forgeAuthority('root');
    for (const extension of [place('http://ca.example/1.0/crl'), users]) {
      const list = await forgeList(authority, ['0a'], undefined, { extensions: [extension] });
      const revocations = await Revocations.read(list, 'list', [authorityOf(authority)]);
      expect(revocations.has({ issuerKey: keyDigest(authorityOf(authority)), serialNumber: 'A' })).toBe(true);
    }
  });

  it('that is long gives way to others between its entries, and each is heeded', async () => {
    const authority = await forgeAuthority('root');
    const list = takeApart(await forgeList(authority, [], undefined, { number: Buffer.of(2, 1, 1) }));
    const serialNumbers = Array.from({ length: 5000 }, (_, at) => `${0x7f00 + at}`);
    const signed = withEntries(
      list,
      serialNumbers.map((each) => entryOf(each, Date.now())),
    );
    const key = await importKey(authority.keyPem, crypto);
    let times = 0;
    const giveWay = (): undefined => {
      times += 1;
    };
    const root = authorityOf(authority);
    const der = joinSignature(list, signed, await sign(key, signed, crypto));
    const revocations = await Revocations.read(der, 'list', [root], { giveWay });
    expect(times).toBe(serialNumbers.length);
    const issuerKey = keyDigest(root);
    expect(serialNumbers.filter((serialNumber) => !revocations.has({ issuerKey, serialNumber }))).toEqual([]);
  });

  it('that is signed in another way than it says, or by a digest that can be forged, is refused', async () => {
    const authority = await forgeAuthority('root');
    const der = await forgeList(authority, ['0b']);
    // ecdsa-with-SHA256, which is there twice: inside of what is signed, and outside.
    const algorithm = Buffer.from('06082a8648ce3d040302', 'hex');
    const [inside, outside] = [der.indexOf(algorithm), der.lastIndexOf(algorithm)];
    expect(outside).toBeGreaterThan(inside);
    const read = (changed: Buffer) => Revocations.read(changed, 'list', [authorityOf(authority)]);
    const sha384 = Buffer.from(der);
    sha384[outside + algorithm.length - 1] = 3;
    await expect(read(sha384)).rejects.toThrow(/two ways/);
    const sha1 = await forgeList(authority, ['0b'], undefined, { hash: 'SHA-1' });
    await expect(read(sha1)).rejects.toThrow(/ECDSA SHA-1: expected .* SHA-256/);
  });

  it('that was changed in any byte is refused, or still says the same', async () => {
    const { serialNumber } = await mutual.issue('alice');
    await mutual.authority.revoke(serialNumber);
    const authority = authorityOf(mutual.authority);
    const [der] = pemParts(`${await listOf()}`, 'X509 CRL').blocks;
    const whole = await Revocations.read(der!, 'list', [authority]);
    const name = { issuerKey: keyDigest(authority), serialNumber };
    const accepted = new Set([name.issuerKey]);
    let refused = 0;
    for (let at = 0; at < der!.length; at += 1) {
      const changed = Buffer.from(der!);
      changed[at]! ^= 1 << (at % 8);
      const outcome = await Revocations.read(changed, 'list', [authority]).catch((error: unknown) => error);
      const isRefused = outcome instanceof AuthError && outcome.code === 'certificates';
      // What is outside of the signature (lengths, unused bits) can be written in more than one way.
      const saysTheSame =
        outcome instanceof Revocations &&
        outcome.has(name) &&
        outcome.size === 1 &&
        outcome.nextUpdateMs(accepted) === whole.nextUpdateMs(accepted);
      expect([at, isRefused || saysTheSame]).toEqual([at, true]);
      if (isRefused) refused += 1;
    }
    expect(refused).toBeGreaterThan(der!.length - 10);
  });
});

describe('revocation lists', () => {
  it('that are garbage, or cut short anywhere, are refused in words', async () => {
    const authority = await forgeAuthority('root');
    const der = await forgeList(authority, ['0b', '0c'], undefined, { number: Buffer.of(2, 1, 1) });
    const read = (changed: Buffer) => Revocations.read(changed, 'the.crl', [authorityOf(authority)]);
    for (let length = 1; length < der.length; length += 1) {
      await expect(read(der.subarray(0, length))).rejects.toMatchObject({
        code: 'certificates',
        message: expect.stringMatching(/^the\.crl: /),
      });
    }
    await expect(read(Buffer.concat([der, Buffer.of(0)]))).rejects.toThrow(/or more follows/);
    // Two bytes for each of a million parts: none is set aside for them.
    const [signed, ...signature] = [...derElements(derElement(der, derTags.sequence).content)].map(
      ({ whole }) => whole,
    );
    const parts = derOf(
      derTags.sequence,
      derElement(signed!, derTags.sequence).content,
      Buffer.alloc(2_000_000, '3000', 'hex'),
    );
    await expect(read(derOf(derTags.sequence, parts, ...signature))).rejects.toThrow(/more than 7 parts/);
    expect((await read(der)).size).toBe(2);
  });
});

describe('revocation lists of one authority', () => {
  it('are a hundred at most, and each of the same date is heeded', async () => {
    const authority = await forgeAuthority('root');
    const root = authorityOf(authority);
    const thisUpdate = new Date(Date.UTC(2026, 0, 1));
    const pems = [];
    for (let at = 0; at < 101; at += 1)
      pems.push(pemOf('X509 CRL', await forgeList(authority, [(0x1000 + at).toString(16)], undefined, { thisUpdate })));
    const read = (lists: readonly string[]) => Revocations.read(Buffer.from(lists.join('')), 'list', [root]);
    expect((await read(pems.slice(1))).size).toBe(100);
    await expect(read(pems)).rejects.toThrow(/101 revocation lists.* 100 at most/);
  });
});

describe('revocation lists that come after others', () => {
  let root: Signer;
  let other: Signer;
  beforeEach(async () => {
    [root, other] = [await forgeAuthority('root'), await forgeAuthority('other')];
  });

  const day = (of: number): Date => new Date(Date.UTC(2026, 0, of));
  type Told = readonly [serials: readonly string[], number: number | undefined, day: number];
  const list = (by: Signer, [serials, number, of]: Told, ...extensions: Extension[]) =>
    forgeList(by, serials, undefined, {
      thisUpdate: day(of),
      extensions,
      ...(number !== undefined && { number: Buffer.of(2, 1, number) }),
    });
  const read = async (lists: readonly Promise<Buffer>[], by: readonly Signer[] = [root, other]) => {
    const pems = (await Promise.all(lists)).map((der) => pemOf('X509 CRL', der));
    return Revocations.read(Buffer.from(pems.join('')), 'list', by.map(authorityOf));
  };
  const has = (revocations: Revocations, serialNumber: string, by = root): boolean =>
    revocations.has({ issuerKey: keyDigest(authorityOf(by)), serialNumber });
  /** Which of A, B and C are revoked. */
  const revokedOf = (revocations: Revocations, by = root): string =>
    ['A', 'B', 'C'].filter((serialNumber) => has(revocations, serialNumber, by)).join('');

  it.each<[what: string, old: Told, next: Told, revoked: string, RegExp]>([
    ['has a lower number', [['0a'], 5, 1], [['0b'], 4, 2], 'A', /CN=root has the number 4.* after 5.*heeded on, take/],
    [
      'has no number and an earlier date',
      [['0a'], undefined, 2],
      [['0b'], undefined, 1],
      'A',
      /2026-01-01.* after .*2026-01-02/,
    ],
    ['loses its number, and has an earlier date', [['0a'], 5, 2], [[], undefined, 1], 'A', /2026-01-01.* after/],
    [
      'has the same number and revokes less',
      [['0a', '0b'], 5, 1],
      [['0a', '0c'], 5, 2],
      'ABC',
      /lacks 1 that another of the same number/,
    ],
    [
      'has the same date and revokes less',
      [['0a', '0b'], undefined, 1],
      [['0c'], undefined, 1],
      'ABC',
      /lacks 2 .* or date/,
    ],
  ])('let nobody in again when one %s, and say so', async (_, old, next, revoked, why) => {
    const held = await read([list(root, old)]);
    const { revocations, warnings } = await (await read([list(root, next)])).after(held);
    expect(revokedOf(revocations)).toBe(revoked);
    expect(warnings).toEqual([expect.stringMatching(why)]);
    // The same again changes nothing.
    expect(revokedOf((await (await read([list(root, next)])).after(revocations)).revocations)).toBe(revoked);
  });

  it.each<[what: string, old: Told, next: Told]>([
    ['with a higher number', [['0a', '0b'], 5, 1], [['0b'], 6, 2]],
    ['with a higher number and an earlier date, by a clock that was put right', [['0a'], 5, 2], [['0b'], 6, 1]],
    ['without a number, of a later date', [['0a'], undefined, 1], [['0b'], undefined, 2]],
    ['that loses its number, by another tool, of a later date', [['0a'], 5, 1], [['0b'], undefined, 2]],
    ['of the same number that revokes more', [[], 5, 1], [['0b'], 5, 1]],
  ])('hold when they are newer, and may leave out what has expired: one %s', async (_, old, next) => {
    const held = await read([list(root, old)]);
    const { revocations, warnings } = await (await read([list(root, next)])).after(held);
    expect([revokedOf(revocations), warnings]).toEqual(['B', []]);
  });

  it('of one authority hold at once, whatever there is of another: none, or an older one', async () => {
    const held = await read([list(root, [['0a'], 1, 1]), list(other, [['0b'], 2, 1])]);
    for (const [ofOther, why] of [
      [[], /no list of CN=other any more: .* until the server starts anew/],
      [[list(other, [[], 1, 1])], /CN=other has the number 1 and comes after 2/],
    ] as const) {
      const { revocations, warnings } = await (await read([list(root, [['0a', '0c'], 2, 2]), ...ofOther])).after(held);
      expect([revokedOf(revocations), revokedOf(revocations, other)]).toEqual(['AC', 'B']);
      expect(warnings).toEqual([expect.stringMatching(why)]);
    }
  });

  it('keep what was lost for good, also where its authority goes and comes back with an older list', async () => {
    const before = await read([list(root, [['0a'], 1, 1]), list(other, [['0b'], 2, 1])]);
    const retired = (await (await read([list(root, [['0a'], 2, 2])], [root])).after(before)).revocations;
    const back = await read([list(root, [['0a'], 2, 2]), list(other, [[], 1, 1])]);
    const { revocations, warnings } = await back.after(retired);
    expect([revokedOf(revocations), revokedOf(revocations, other)]).toEqual(['A', 'B']);
    expect(warnings).toEqual([expect.stringMatching(/number 1 and comes after 2/)]);
    // Nobody renews the list of an authority that is retired.
    const due = await Promise.all([root, other].map((by) => read([forgeList(by, [], day(by === root ? 9 : 3))])));
    const both = (await due[0]!.after(due[1]!)).revocations;
    const keys = [root, other].map((by) => keyDigest(authorityOf(by)));
    expect(both.nextUpdateMs(new Set([keys[0]!]))).toBe(day(9).getTime());
    expect(both.nextUpdateMs(new Set(keys))).toBe(day(3).getTime());
  });

  it('keep that of an intermediate authority, whose certificate a peer may show itself', async () => {
    const between = await forgeAuthority('between', root, '0a');
    const held = await read([list(root, [[], 1, 1]), list(between, [['0c'], 1, 1])], [root, between]);
    const { revocations } = await (await read([list(root, [['0b'], 2, 2])], [root])).after(held);
    expect([revokedOf(revocations), revokedOf(revocations, between)]).toEqual(['B', 'C']);
  });

  it('hold also where an older one was beside the newest, and is tidied away', async () => {
    const [old, next] = [list(root, [['0a', '0b'], 5, 1]), list(root, [['0b'], 6, 2])];
    const both = await read([next, old]);
    expect(revokedOf(both)).toBe('B');
    const { revocations, warnings } = await (await read([next])).after(both);
    expect([revokedOf(revocations), warnings]).toEqual(['B', []]);
    expect((await (await read([old])).after(both)).warnings).toEqual([expect.stringMatching(/number 5.* after 6/)]);
  });

  it('have no way around a number by one that has none', async () => {
    const held = await read([list(root, [['0a'], 6, 1])]);
    const without = (await (await read([list(root, [['0b'], undefined, 2])])).after(held)).revocations;
    expect(revokedOf(without)).toBe('B');
    const { revocations, warnings } = await (await read([list(root, [['0c'], 5, 3])])).after(without);
    expect(revokedOf(revocations)).toBe('B');
    expect(warnings).toEqual([expect.stringMatching(/number 5 and comes after 6/)]);
  });

  it('are numbered for each distribution point by itself', async () => {
    const held = await read([list(root, [['0a'], 5, 1], place('a')), list(root, [['0b'], 2, 1], place('b'))]);
    expect(revokedOf(held)).toBe('AB');
    const { revocations, warnings } = await (await read([list(root, [['0a', '0c'], 6, 2], place('a'))])).after(held);
    expect(revokedOf(revocations)).toBe('ABC');
    expect(warnings).toEqual([expect.stringMatching(/no list of CN=root with the same issuing distribution point/)]);
  });

  it('are two hundred at most, with those that are heeded on', async () => {
    const part = async (from: number) =>
      read(Array.from({ length: 100 }, (_, at) => list(root, [['0a'], 1, 1], place(`${from + at}`))));
    const first = await part(0);
    const both = (await (await part(100)).after(first)).revocations;
    expect(both.size).toBe(200);
    await expect((await part(200)).after(both)).rejects.toThrow(/300 lists .* 200 .* start anew/);
    expect((await (await part(100)).after(both)).revocations.size).toBe(200);
  });

  it('are compared entry by entry, and others have their turn meanwhile', async () => {
    const same = () => read([list(root, [['0a', '0b', '0c'], 5, 1])]);
    let times = 0;
    const giveWay = (): undefined => {
      times += 1;
    };
    const { revocations, warnings } = await (await same()).after(await same(), giveWay);
    expect([revokedOf(revocations), warnings]).toEqual(['ABC', []]);
    expect(times).toBeGreaterThanOrEqual(3);
  });

  it('is not read again where it and the authorities are those in use', async () => {
    const { paths } = mutual;
    const contents = await Promise.all(
      [paths.certificate, paths.key, paths.authorities, paths.revocations].map((path) => readFile(path)),
    );
    const nowMs = Date.now();
    const inUse = await readCredentials(paths, contents, { nowMs });
    const again = await readCredentials(
      paths,
      contents.map((content) => Buffer.from(content)),
      { nowMs, inUse },
    );
    expect(again.revocations).toBe(inUse.revocations);
    const authorities = Buffer.from(contents[2] + (await mutual.otherAuthority()).certificatePem);
    const others = await readCredentials(paths, contents.with(2, authorities), { nowMs, inUse });
    expect(others.revocations).not.toBe(inUse.revocations);
  });

  it('have a number of any size that is one', async () => {
    const numbered = (number: Buffer) => forgeList(root, [], undefined, { number });
    const [small, large] = [Buffer.of(2, 1, 1), Buffer.concat([Buffer.of(2, 20, 0x7f), Buffer.alloc(19, 0xff)])];
    const [held, next] = [await read([numbered(large)]), await read([numbered(small)])];
    expect((await next.after(held)).warnings).toEqual([expect.stringMatching(/number 1 /)]);
    for (const odd of [Buffer.of(2, 1, 0xff), Buffer.of(2, 0), Buffer.of(4, 1, 1), Buffer.of(2, 2, 1)])
      await expect(read([numbered(odd)])).rejects.toThrow(/number/);
  });
});
