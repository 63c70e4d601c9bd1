import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuthError } from '../../src/index.js';
import { pemBlocks } from '../../src/tls/pem.js';
import { keyDigest, Revocations } from '../../src/tls/revocations.js';
import { forgeAuthority, forgeList } from '../forge.js';
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
    for (const content of [pem, pemBlocks(`${pem}`, 'X509 CRL')[0]!]) {
      const revocations = await Revocations.read(content, 'list', [authority], crypto);
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
    const revocations = await Revocations.read(both, 'list', authorities, crypto);
    expect(revocations.size).toBe(1);
    const [ours, their] = authorities.map((authority) => ({
      issuerKey: keyDigest(authority),
      serialNumber: theirs.serialNumber,
    }));
    expect([revocations.has(ours!), revocations.has(their!)]).toEqual([false, true]);
    await expect(Revocations.read(both, 'list', [authorities[0]!], crypto)).rejects.toThrow(/signed by none/);
  });

  it('that does not say when the next one is due is refused', async () => {
    const authority = await forgeAuthority('root');
    const read = (list: Buffer) => Revocations.read(list, 'list', [authorityOf(authority)], crypto);
    expect((await read(await forgeList(authority, ['0b']))).size).toBe(1);
    await expect(read(await forgeList(authority, ['0b'], null))).rejects.toThrow(/when the next one is due/);
  });

  it('that was changed in any byte is refused, or still says the same', async () => {
    const { serialNumber } = await mutual.issue('alice');
    await mutual.authority.revoke(serialNumber);
    const authority = authorityOf(mutual.authority);
    const [der] = pemBlocks(`${await listOf()}`, 'X509 CRL');
    const whole = await Revocations.read(der!, 'list', [authority], crypto);
    const name = { issuerKey: keyDigest(authority), serialNumber };
    let refused = 0;
    for (let at = 0; at < der!.length; at += 1) {
      const changed = Buffer.from(der!);
      changed[at]! ^= 1 << (at % 8);
      const outcome = await Revocations.read(changed, 'list', [authority], crypto).catch((error: unknown) => error);
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
