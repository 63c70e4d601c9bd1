import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { Peer } from '../../src/tls/peer.js';
import { Revocations } from '../../src/tls/revocations.js';
import { validitiesOf } from '../../src/tls/validity.js';
import {
  clientAuth,
  forgeAuthority,
  forgeBy,
  forgeList,
  forgeTwin,
  lookalikeOf,
  respelledOf,
  type Signer,
  serverAuth,
} from '../forge.js';

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

/** What is wrong with a peer that presented these certificates to a server which trusted `root`, and now accepts others. */
async function problem(
  presented: readonly string[],
  { accepted = [root], revoked = [], trusted = [root.certificatePem] }: Circumstances = {},
): Promise<string | undefined> {
  const authorities = read(...accepted.map((each) => (typeof each === 'string' ? each : each.certificatePem)));
  const peer = new Peer(read(...presented), read(...trusted));
  const [list] = revoked;
  const revocations = list === undefined ? Revocations.none : await Revocations.read(list, 'list', authorities);
  return peer.problem({ authorityValidities: validitiesOf(authorities), revocations }, nowMs);
}

interface Circumstances {
  readonly accepted?: readonly (Signer | string)[];
  readonly revoked?: readonly Buffer[];
  readonly trusted?: readonly string[];
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

  it('stays revoked behind a certificate with the key of its authority, written in another way', async () => {
    const revoked = [await forgeList(root, ['0b', '0a'])];
    const [ofRoot, ofBetween] = [await respelledOf(root.certificatePem), await respelledOf(between.certificatePem)];
    expect(await problem([direct, ofRoot], { revoked })).toMatch(/revoked/);
    expect(await problem([below, between.certificatePem, ofRoot], { revoked })).toMatch(/revoked/);
    const both = { trusted: [root.certificatePem, between.certificatePem], accepted: [root, between] };
    const ofBelow = { ...both, revoked: [await forgeList(between, ['0c'])] };
    expect(await problem([below, ofBetween], ofBelow)).toMatch(/revoked/);
  });

  it('has nothing verified with a key that it brings itself', async () => {
    const own = read(...(await Promise.all(Array.from({ length: 9 }, () => respelledOf(root.certificatePem)))));
    const verified = own.map((certificate) => vi.spyOn(certificate, 'verify'));
    const asked = own.map((certificate) => vi.spyOn(certificate, 'publicKey', 'get'));
    new Peer([...read(direct), ...own], read(root.certificatePem));
    expect(verified.map(({ mock }) => mock.calls.length)).toEqual(own.map(() => 1));
    expect(asked.map(({ mock }) => mock.calls.length)).toEqual(own.map(() => 0));
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

  describe('whose authority was renewed', () => {
    let old: string;
    let future: string;
    beforeAll(async () => {
      old = await forgeTwin(root, [2015, 2025]);
      future = await forgeTwin(root, [2030, 2040]);
    });

    it.each([
      ['before', (twin: string) => [twin, root.certificatePem]],
      ['behind', (twin: string) => [root.certificatePem, twin]],
    ])('is welcome with the expired certificate %s the new one', async (_, order) => {
      for (const twin of [old, future]) {
        const bundle = order(twin);
        for (const presented of [[direct], [direct, old], [below, between.certificatePem]])
          expect(await problem(presented, { accepted: bundle, trusted: bundle })).toBeUndefined();
      }
    });

    it('stays welcome when the renewal comes while it is connected', async () => {
      expect(await problem([direct], { trusted: [old], accepted: [root] })).toBeUndefined();
    });

    it('has expired when every certificate of the authority has', async () => {
      const circumstances = { accepted: [old], trusted: [old] };
      expect(await problem([direct], circumstances)).toBe('its certificate has expired');
      expect(await problem([below, between.certificatePem], circumstances)).toBe('its certificate has expired');
    });

    it('is not valid yet when a certificate of the authority is not, and none is in date', async () => {
      for (const accepted of [[future], [old, future]]) {
        const circumstances = { accepted, trusted: accepted };
        for (const presented of [[direct], [below, between.certificatePem]])
          expect(await problem(presented, circumstances)).toMatch(/is not valid yet: is the clock right/);
      }
    });

    it('has expired when an authority between has, whoever else is in date', async () => {
      const expired = await forgeTwin(between, [2015, 2025], root);
      expect(await problem([below, expired])).toMatch(/expired/);
      expect(await problem([below, expired, between.certificatePem])).toBeUndefined();
    });

    it('is revoked when any of the certificates is', async () => {
      const bundle = [old, root.certificatePem];
      const revoked = [await forgeList(root, ['77'])];
      expect(await problem([direct], { accepted: bundle, trusted: bundle, revoked })).toMatch(/revoked/);
    });
  });

  it('is not accepted by an authority between alone, as TLS would not', async () => {
    const trusted = [root.certificatePem, between.certificatePem];
    expect(await problem([below], { trusted, accepted: [root, between] })).toBeUndefined();
    expect(await problem([below], { trusted, accepted: [other, between] })).toMatch(/not accepted/);
  });

  it('is no node by an authority between that may vouch for clients alone', async () => {
    const usages = [clientAuth, serverAuth];
    const uris = ['spiffe://prod/node/n1'];
    const [forClients, forBoth] = [
      await forgeAuthority('for clients', root, '0d', [clientAuth]),
      await forgeAuthority('for both', root, '0e', usages),
    ];
    const hidden = await forgeAuthority('hidden', forClients, '0f');
    const by = async (signer: Signer, ...between: Signer[]) => {
      const node = await forgeBy(signer, { uris, usages });
      return problem([node.certificatePem, ...between.map(({ certificatePem }) => certificatePem)]);
    };
    expect(await by(forClients, forClients)).toMatch(/may vouch for clients alone/);
    expect(await by(hidden, hidden, forClients)).toMatch(/may vouch for clients alone/);
    expect(await by(forBoth, forBoth)).toBeUndefined();
    expect(await by(between, between)).toBeUndefined();
    expect(await by(root)).toBeUndefined();
    const client = await forgeBy(forClients, { commonNames: ['alice'] });
    expect(await problem([client.certificatePem, forClients.certificatePem])).toBeUndefined();
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
