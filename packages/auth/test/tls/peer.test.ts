import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { Peer } from '../../src/tls/peer.js';
import { keyDigest, Revocations } from '../../src/tls/revocations.js';
import { forgeAuthority, forgeBy, forgeList, lookalikeOf, type Signer } from '../forge.js';

const read = (...pems: string[]): X509Certificate[] => pems.map((pem) => new X509Certificate(pem));
const nowMs = Date.UTC(2026, 0, 1);

let root: Signer;
let between: Signer;
let other: Signer;
let direct: string;
let below: string;

beforeAll(async () => {
  root = await forgeAuthority('root');
  other = await forgeAuthority('other');
  between = await forgeAuthority('between', root, '0a');
  direct = (await forgeBy(root, { commonNames: ['alice'], serialNumber: '0b' })).certificatePem;
  below = (await forgeBy(between, { commonNames: ['alice'], serialNumber: '0c' })).certificatePem;
});

/** What is wrong with a peer that presented these certificates to a server which accepted `root`. */
async function problem(
  presented: readonly string[],
  { accepted = [root], revoked = [] }: { accepted?: readonly Signer[]; revoked?: readonly Buffer[] } = {},
): Promise<string | undefined> {
  const authorities = read(...accepted.map(({ certificatePem }) => certificatePem));
  const peer = new Peer(read(...presented), read(root.certificatePem));
  const [list] = revoked;
  const revocations =
    list === undefined ? Revocations.none : await Revocations.read(list, 'list', authorities, globalThis.crypto);
  return peer.problem({ authorityKeys: new Set(authorities.map(keyDigest)), revocations } as never, nowMs);
}

describe('a peer', () => {
  it('is welcome by an accepted authority, or by one between', async () => {
    expect(await problem([direct])).toBeUndefined();
    expect(await problem([direct, root.certificatePem])).toBeUndefined();
    expect(await problem([below, between.certificatePem])).toBeUndefined();
    expect(await problem([below, direct, between.certificatePem])).toBeUndefined();
  });

  it('is revoked when its certificate is, or that of an authority between', async () => {
    expect(await problem([direct], { revoked: [await forgeList(root, ['0b'])] })).toMatch(/revoked/);
    const revoked = [await forgeList(root, ['0a'])];
    expect(await problem([below, between.certificatePem], { revoked })).toMatch(/revoked/);
    expect(await problem([direct], { revoked })).toBeUndefined();
  });

  it('stays revoked behind a certificate with the name of its authority', async () => {
    const revoked = [await forgeList(root, ['0b', '0a'])];
    const lookalikes = [
      await lookalikeOf(root.certificatePem),
      await lookalikeOf(between.certificatePem, root.certificatePem),
    ];
    expect(await problem([direct, lookalikes[0]!], { revoked })).toMatch(/revoked/);
    expect(await problem([direct, lookalikes[0]!, root.certificatePem], { revoked })).toMatch(/revoked/);
    expect(await problem([below, lookalikes[1]!, between.certificatePem], { revoked })).toMatch(/revoked/);
  });

  it('is not revoked by another authority that gave the same serial number', async () => {
    const revoked = [await forgeList(other, ['0a', '0b', '0c'])];
    expect(await problem([direct], { accepted: [root, other], revoked })).toBeUndefined();
    expect(await problem([below, between.certificatePem], { accepted: [root, other], revoked })).toBeUndefined();
  });

  it('is not accepted any more when its authority is not, whatever it has presented', async () => {
    const accepted = [other];
    const lookalike = await lookalikeOf(root.certificatePem, other.certificatePem);
    expect(await problem([direct], { accepted })).toMatch(/not accepted/);
    expect(await problem([direct, lookalike, other.certificatePem], { accepted })).toMatch(/not accepted/);
    expect(await problem([below, between.certificatePem, root.certificatePem], { accepted })).toMatch(/not accepted/);
  });

  it('has no serial number below 0, which no list could name', async () => {
    const bytes = new X509Certificate(direct).raw.toString('latin1').replace('\x02\x01\x0b', '\x02\x01\xfb');
    const negative = Buffer.from(bytes, 'latin1');
    expect(() => new Peer([new X509Certificate(negative)], [])).toThrow(/serial number -0*5 is below 0/);
  });

  it('presents ten certificates at most', () => {
    const many = read(...Array.from({ length: 11 }, () => direct));
    expect(() => new Peer(many, [])).toThrow(/11 certificates were presented, and 10 is the most/);
  });
});
