import { describe, expect, it } from 'vitest';
import { Authenticator } from '../src/index.js';
import { SubjectAlternativeNameExtension } from '../src/x509.js';
import { clientAuth, type Forgery, forge, serverAuth } from './forge.js';

const node = 'spiffe://prod/node/n1';
const both = [serverAuth, clientAuth];
const authenticate = async (forgery: Forgery) =>
  new Authenticator({ cluster: 'prod' }).authenticate({ raw: await forge(forgery) });

describe('a certificate with one identity', () => {
  it('is a client by its common name', async () => {
    const principal = { kind: 'client', subject: 'alice' };
    expect(await authenticate({ commonNames: ['alice'] })).toEqual({ principal });
    expect(await authenticate({ commonNames: ['alice'], usages: both })).toEqual({ principal });
  });

  it.each(['a', 'shop-7.eu_west@example.com', 'Jürgen Müller', '山田太郎', 'Алиса', 'x'.repeat(64)])(
    'is the client "%s"',
    async (subject) => {
      expect(await authenticate({ commonNames: [subject] })).toEqual({ principal: { kind: 'client', subject } });
    },
  );

  it('is a client even where it has a URI that is no SPIFFE id', async () => {
    expect(await authenticate({ commonNames: ['alice'], uris: ['https://alice.example'] })).toHaveProperty('principal');
  });

  it('is a node by its SPIFFE id, whatever its common name', async () => {
    const principal = { kind: 'node', cluster: 'prod', nodeId: 'n1' };
    expect(await authenticate({ uris: [node], usages: both })).toEqual({ principal });
    expect(await authenticate({ uris: [node], usages: both, commonNames: ['root'] })).toEqual({ principal });
    expect(await authenticate({ uris: [node], usages: both, commonNames: ['a', 'b'] })).toEqual({ principal });
  });

  it.each(['a', 'N-1.eu_west', '7', 'n'.repeat(128), '...'])('is the node "%s"', async (nodeId) => {
    const principal = { kind: 'node', cluster: 'prod', nodeId };
    expect(await authenticate({ uris: [`spiffe://prod/node/${nodeId}`], usages: both })).toEqual({ principal });
  });
});

const nobodies: ReadonlyArray<readonly [what: string, forgery: Forgery, why: RegExp]> = [
  ['neither name nor URI', {}, /0 common names/],
  ['two common names', { commonNames: ['alice', 'root'] }, /2 common names/],
  ['an empty common name', { commonNames: [''] }, /common name/],
  ['a NUL in its common name', { commonNames: ['root\0.example.com'] }, /nobody can see/],
  ['a line feed in its common name', { commonNames: ['root\np, root'] }, /nobody can see/],
  ['a direction override', { commonNames: ['\u202etoor'] }, /nobody can see/],
  ['a zero-width space', { commonNames: ['ro\u200bot'] }, /nobody can see/],
  ['a Hangul filler', { commonNames: ['root\u3164'] }, /nobody can see/],
  ['a no-break space', { commonNames: ['root\u00a0x'] }, /nobody can see/],
  ['a letter in two pieces', { commonNames: ['Ju\u0308rgen'] }, /NFKC/],
  ['full-width letters', { commonNames: ['ｒｏｏｔ'] }, /NFKC/],
  ['a Cyrillic letter among Latin ones', { commonNames: ['rооt'] }, /look alike/],
  ['a space at the end', { commonNames: ['root '] }, /space/],
  ['65 characters', { commonNames: ['x'.repeat(65)] }, /longer than 64/],
  ['a hundred thousand characters', { commonNames: ['x'.repeat(100_000)] }, /longer than 64/],
  ['the name of a role', { commonNames: ['role:operator'] }, /role:/],
  ['a common name like a SPIFFE id', { commonNames: [node] }, /spiffe:/],
  ['a wildcard for a name', { commonNames: ['*'] }, /policy/],
  ['no extended key usage', { commonNames: ['alice'], usages: [] }, /clientAuth/],
  ['the usage of servers only', { commonNames: ['alice'], usages: [serverAuth] }, /clientAuth/],
  ['any usage', { commonNames: ['alice'], usages: ['2.5.29.37.0'] }, /clientAuth/],
  ['the right to sign others', { commonNames: ['alice'], isAuthority: true }, /authority/],
  ['two SPIFFE ids', { uris: [node, 'spiffe://prod/node/n2'], usages: both }, /2 URIs/],
  ['a SPIFFE id and another URI', { uris: ['https://n1', node], usages: both }, /2 URIs/],
  ['a node id, but not the usage of servers', { uris: [node] }, /serverAuth/],
  ['another cluster', { uris: ['spiffe://test/node/n1'], usages: both }, /cluster test/],
  ...[
    'spiffe://prod/workload/x',
    'spiffe://prod/node',
    'spiffe://prod/node/',
    'spiffe://prod/node/n1/',
    'spiffe://prod/node/n1/n2',
    'spiffe://prod/node/../node/n1',
    'spiffe://prod/node/..',
    'spiffe://prod/node/%6e1',
    'spiffe://prod/node/n1?x',
    'spiffe://prod/node/n1#x',
    'spiffe://prod:80/node/n1',
    'spiffe://root@prod/node/n1',
    'SPIFFE://prod/node/n1',
    'spiffe://PROD/node/n1',
    'spiffe:///node/n1',
    'spiffe://prod//node/n1',
    'spiffe://prod/node/n1\n',
    'spiffe://prod/node/n1\0',
    'spiffe://prod/node/n 1',
    `spiffe://prod/node/${'n'.repeat(129)}`,
    `spiffe://${'p'.repeat(256)}/node/n1`,
  ].map(
    (uri) =>
      [
        `the SPIFFE id ${JSON.stringify(uri.slice(0, 60))}`,
        { uris: [uri], usages: both, commonNames: ['root'] },
        /form/,
      ] as const,
  ),
];

describe('a certificate is nobody with', () => {
  it.each(nobodies)('%s', async (_, forgery, why) => {
    expect(await authenticate(forgery)).toEqual({ refused: expect.stringMatching(why) });
  });

  it('two lists of alternative names', async () => {
    const extensions = [new SubjectAlternativeNameExtension([{ type: 'url', value: 'spiffe://prod/node/n2' }])];
    expect(await authenticate({ uris: [node], usages: both, extensions })).toEqual({
      refused: expect.stringMatching(/there twice/),
    });
  });

  it.each([
    ['bytes that are no UTF-8 in its name', '\x0c\x06ro\xffot!'],
    ['a number for its name', '\x02\x06ro-ot!'],
    ['octets for its name', '\x04\x06ro-ot!'],
  ])('%s', async (_, name) => {
    const whole = (await forge({ commonNames: ['ro-ot!'] })).toString('latin1');
    const raw = Buffer.from(whole.replaceAll('\x0c\x06ro-ot!', name), 'latin1');
    expect(new Authenticator({ cluster: 'prod' }).authenticate({ raw })).toEqual({
      refused: expect.stringMatching(/not a certificate/),
    });
  });

  it('bytes that are none, or no bytes', async () => {
    const authenticator = new Authenticator({ cluster: 'prod' });
    const whole = await forge({ commonNames: ['alice'] });
    expect(authenticator.authenticate({})).toEqual({ refused: 'there is no certificate' });
    for (const raw of [Buffer.alloc(0), Buffer.from('garbage'), whole.subarray(0, 100), Buffer.alloc(5000, 0x30)]) {
      expect(authenticator.authenticate({ raw })).toEqual({ refused: expect.stringMatching(/not a certificate/) });
    }
  });
});

describe('the authenticator', () => {
  it('gives the same answer again', async () => {
    const authenticator = new Authenticator({ cluster: 'prod' });
    for (const commonNames of [['alice'], ['alice', 'root']]) {
      const raw = await forge({ commonNames });
      const first = authenticator.authenticate({ raw });
      expect(authenticator.authenticate({ raw: Buffer.from(raw) })).toBe(first);
    }
  });

  it.each(['', 'Prod', 'a/b', 'ä', 'x'.repeat(256)])('refuses the cluster name "%s"', (cluster) => {
    expect(() => new Authenticator({ cluster })).toThrow(expect.objectContaining({ code: 'settings' }));
  });
});
