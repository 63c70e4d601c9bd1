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
import { forgeAuthority, forgeList, forgeTwin, type Signer } from '../forge.js';
import { Mutual } from './mutual.js';

let mutual: Mutual;
beforeEach(async () => {
  mutual = await Mutual.make();
});
afterEach(() => mutual.remove());

const listOf = (path = mutual.paths.revocations): Promise<Buffer> => readFile(path);
const authorityOf = ({ certificatePem }: { readonly certificatePem: string }): X509Certificate =>
  new X509Certificate(certificatePem);

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
      expect(revocations.nextUpdateMs).toBeGreaterThan(Date.now());
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
    ['what has changed', '2.5.29.27', Buffer.of(2, 1, 1)],
    ['some reasons', '2.5.29.28', Buffer.of(0x30, 4, 0x83, 2, 1, 0x40)],
  ])('of only %s is refused, critical or not', async (_, type, value) => {
    const authority = await forgeAuthority('root');
    for (const isCritical of [true, false]) {
      const list = await forgeList(authority, [], undefined, { extensions: [new Extension(type, isCritical, value)] });
      const reading = Revocations.read(list, 'list', [authorityOf(authority)]);
      await expect(reading).rejects.toThrow(`extension ${type}: a complete one is needed`);
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
        outcome.nextUpdateMs === whole.nextUpdateMs;
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
  it('are a hundred at most, and each is heeded', async () => {
    const authority = await forgeAuthority('root');
    const root = authorityOf(authority);
    const pems = [];
    for (let at = 0; at < 101; at += 1)
      pems.push(pemOf('X509 CRL', await forgeList(authority, [(0x1000 + at).toString(16)])));
    const read = (lists: readonly string[]) => Revocations.read(Buffer.from(lists.join('')), 'list', [root]);
    expect((await read(pems.slice(1))).size).toBe(100);
    await expect(read(pems)).rejects.toThrow(/101 revocation lists.* 100 at most/);
  });
});

describe('a revocation list that replaces another', () => {
  let root: Signer;
  let other: Signer;
  beforeEach(async () => {
    [root, other] = [await forgeAuthority('root'), await forgeAuthority('other')];
  });

  const day = (of: number): Date => new Date(Date.UTC(2026, 0, of));
  const list = (by: Signer, serials: readonly string[], number: number | undefined, thisUpdate: Date) =>
    forgeList(by, serials, undefined, { thisUpdate, ...(number !== undefined && { number: Buffer.of(2, 1, number) }) });
  const pemOfAll = (lists: readonly Buffer[]): Buffer =>
    Buffer.from(lists.map((der) => pemOf('X509 CRL', der)).join(''));
  const read = (lists: readonly Buffer[], by: readonly Signer[] = [root, other]): Promise<Revocations> =>
    Revocations.read(pemOfAll(lists), 'list', by.map(authorityOf));
  /** Why these must not follow others, which were signed by `root` and `other`. @param by who is accepted from now on */
  const problem = (next: Revocations, revocations: Revocations, ...by: readonly Signer[]) =>
    next.problemAfter({ revocations, authorities: [root, other].map(authorityOf) }, by.map(authorityOf));

  it.each<
    [what: string, old: [string[], number | undefined, number], next: [string[], number | undefined, number], RegExp]
  >([
    ['has a lower number', [['0a'], 5, 1], [['0a', '0b'], 4, 2], /number 4.* after 5/],
    [
      'has no number and an earlier date',
      [['0a'], undefined, 2],
      [['0a', '0b'], undefined, 1],
      /2026-01-01.* after .*2026-01-02/,
    ],
    ['has the same number and an earlier date', [['0a'], 5, 2], [['0a', '0b'], 5, 1], /2026-01-01/],
    ['has the same number and a later date, and revokes less', [['0a', '0b'], 5, 1], [['0a'], 5, 2], /revokes less/],
    ['has the same number and date, and revokes less', [['0a', '0b'], 5, 1], [['0a'], 5, 1], /revokes less/],
  ])('is refused when it %s', async (_, old, next, why) => {
    const [before, after] = await Promise.all(
      [old, next].map(async ([serials, number, of]) => read([await list(root, serials, number, day(of))])),
    );
    expect(await problem(after!, before!, root, other)).toMatch(why);
    expect(await problem(before!, before!, root, other)).toBeUndefined();
  });

  it.each<[what: string, old: [string[], number | undefined, number], next: [string[], number | undefined, number]]>([
    ['with a higher number may leave out what has expired', [['0a'], 5, 1], [[], 6, 2]],
    ['with a higher number may have an earlier date, by a clock that was put right', [['0a'], 5, 2], [['0a'], 6, 1]],
    ['without a number may leave out what has expired', [['0a'], undefined, 1], [[], undefined, 2]],
    ['may lose its number, by another tool', [['0a'], 5, 1], [['0a'], undefined, 2]],
  ])('%s', async (_, old, next) => {
    const [before, after] = await Promise.all(
      [old, next].map(async ([serials, number, of]) => read([await list(root, serials, number, day(of))])),
    );
    expect(await problem(after!, before!, root)).toBeUndefined();
  });

  it('may not lack that of an authority which is still accepted, and may when it is retired', async () => {
    const [ours, theirs] = [await list(root, ['0a'], 1, day(1)), await list(other, ['0b'], 1, day(1))];
    const both = await read([ours, theirs]);
    const one = await read([ours]);
    expect(await problem(one, both, root, other)).toMatch(/no list of CN=other any more/);
    expect(await problem(one, both, root)).toBeUndefined();
    expect(await problem(both, one, root, other)).toBeUndefined();
    expect(await problem(Revocations.none, Revocations.none, root)).toBeUndefined();
  });

  it('may not lack that of an intermediate authority which its root still vouches for, unless the root revokes it', async () => {
    const between = await forgeAuthority('between', root, '0a');
    const below = await forgeAuthority('below', between, '0b');
    const all = [root, between, below];
    const lists = (ofRoot: readonly string[], number: number) => list(root, ofRoot, number, day(number));
    const old = [await lists([], 1), await list(between, [], 1, day(1)), await list(below, ['0c'], 1, day(1))];
    const before = { revocations: await read(old, all), authorities: all.map(authorityOf) };
    const rootAlone = await read([old[0]!]);
    expect(await rootAlone.problemAfter(before, [authorityOf(root)])).toMatch(
      /CN=between .* vouched for by CN=root: let that one revoke it first/,
    );
    // The one between may be shown by whoever was revoked.
    const without = { revocations: await read([old[0]!, old[2]!], all), authorities: all.map(authorityOf) };
    expect(await rootAlone.problemAfter(without, [authorityOf(root)])).toMatch(/CN=below .* vouched for by CN=/);
    const revoked = await read([await lists(['0a'], 2)]);
    expect(await revoked.problemAfter(before, [authorityOf(root)])).toBeUndefined();
    const others = await read([await list(other, [], 1, day(1))]);
    expect(await others.problemAfter(before, [authorityOf(other)])).toBeUndefined();
    // The same key and name, in a certificate that the root has not revoked.
    const twin = await forgeTwin(between, [2024, 2030], root);
    const twice = { ...before, authorities: [...before.authorities, new X509Certificate(twin)] };
    expect(await revoked.problemAfter(twice, [authorityOf(root)])).toMatch(/CN=between .* vouched for by CN=root/);
  });

  it('counts by the newest where a file has several of one authority', async () => {
    const [old, next] = [await list(root, ['0a'], 5, day(1)), await list(root, ['0b'], 6, day(2))];
    const both = await read([next, old]);
    expect(await problem(await read([old]), both, root)).toMatch(/number 5.* after 6/);
    expect(await problem(await read([next]), both, root)).toMatch(/revokes less/);
    expect(await problem(await read([await list(root, ['0b'], 7, day(3))]), both, root)).toBeUndefined();
  });

  it('is compared with the old one, and others have their turn meanwhile', async () => {
    const serials = ['0a', '0b', '0c'];
    const [before, after] = [
      await read([await list(root, serials, 5, day(1))]),
      await read([await list(root, serials, 5, day(1))]),
    ];
    let times = 0;
    const giveWay = (): undefined => {
      times += 1;
    };
    const authorities = [authorityOf(root)];
    expect(await after.problemAfter({ revocations: before, authorities }, authorities, giveWay)).toBeUndefined();
    expect(times).toBe(serials.length);
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

  it('has a number of any size that is one', async () => {
    const numbered = (number: Buffer) => forgeList(root, [], undefined, { number });
    const [small, large] = [Buffer.of(2, 1, 1), Buffer.concat([Buffer.of(2, 20, 0x7f), Buffer.alloc(19, 0xff)])];
    const [before, after] = [await read([await numbered(large)]), await read([await numbered(small)])];
    expect(await problem(after, before, root)).toMatch(/number 1 /);
    for (const odd of [Buffer.of(2, 1, 0xff), Buffer.of(2, 0), Buffer.of(4, 1, 1), Buffer.of(2, 2, 1)])
      await expect(read([await numbered(odd)])).rejects.toThrow(/number/);
  });
});
