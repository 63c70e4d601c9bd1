import { X509Certificate } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { AuthError } from '../../src/index.js';
import { listFileBytesMax, listsOf } from '../../src/tls/list-file.js';
import { pemOf } from '../../src/tls/pem.js';
import { Revocations } from '../../src/tls/revocations.js';
import { forgeAuthority, forgeList } from '../forge.js';

let ours: Buffer;
let theirs: Buffer;
let authorities: X509Certificate[];
beforeEach(async () => {
  const [root, other] = [await forgeAuthority('root'), await forgeAuthority('other')];
  [ours, theirs] = [await forgeList(root, ['0a']), await forgeList(other, ['0b'])];
  authorities = [root, other].map(({ certificatePem }) => new X509Certificate(certificatePem));
});

const pem = (der: Buffer): string => pemOf('X509 CRL', der);
const bare = (der: Buffer, width = der.length * 2): string =>
  `${der.toString('base64').replaceAll(new RegExp(`.{${width}}`, 'g'), '$&\n')}\n`;
const read = (content: Buffer | string) => Revocations.read(Buffer.from(content), 'the.crl', authorities);
const errorOf = (content: Buffer | string): unknown => {
  try {
    return listsOf(Buffer.from(content), 'the.crl');
  } catch (error) {
    return error;
  }
};

describe('a file of revocation lists', () => {
  it('has them in PEM, in DER, or in base64 alone, as cfssl writes it', async () => {
    expect((await read(ours)).size).toBe(1);
    for (const text of [bare(ours), bare(ours).trimEnd(), bare(ours, 64), bare(ours, 76).replaceAll('\n', '\r\n')])
      expect((await read(text)).size).toBe(1);
    const [one, other] = [
      [pem(ours), bare(ours), bare(ours, 64)],
      [pem(theirs), bare(theirs), bare(theirs, 64)],
    ];
    for (const first of one) for (const second of other) expect((await read(first + second)).size).toBe(2);
  });

  it.each([
    ['what begins with a 0', '0. the list of our root\n'],
    ['a line below a title', `Example Intermediate Certificate Authority\n${'='.repeat(45)}\n`],
    ['fingerprints', `${'a0'.repeat(20)}\n${'A0'.repeat(32)}\n`],
    ['words with END in them', '# lists of the front-END servers\n'],
    ['what openssl crl -text says', 'Certificate Revocation List (CRL):\n    Last Update: Jan  1 00:00:00 2026 GMT\n'],
    ['empty lines', '\n\r\n'],
  ])('may have words between the lists: %s', async (_, words) => {
    expect((await read(words + pem(ours) + words + bare(theirs) + words)).size).toBe(2);
  });

  it('has nothing else: what could be a spoilt list is not taken for none', async () => {
    for (const spoilt of [
      pem(theirs).replaceAll('X509 CRL', 'CRL'),
      pem(theirs).replaceAll('X509 CRL', 'CERTIFICATE'),
      pem(theirs).replaceAll('-----', '----'),
      pem(theirs).replace('-----BEGIN', '----BEGIN'),
      pem(theirs).replace('-----BEGIN X509 CRL', ''),
      pem(theirs).replace('X509 CRL-----\n', 'X509 CRL----\n'),
      bare(theirs, 64).split('\n').slice(1).join('\n'),
      bare(theirs, 64).replace('\n', '\n#\n'),
      `${bare(theirs).trimEnd()}AAAA\n`,
    ])
      for (const text of [pem(ours) + spoilt, spoilt + pem(ours)])
        expect(errorOf(text)).toMatchObject({
          code: 'certificates',
          message: expect.stringMatching(/^the\.crl.*(besides whole revocation lists|cut short)/),
        });
    expect(errorOf(bare(theirs, 64).slice(0, 150))).toMatchObject({
      message: expect.stringMatching(/cut short: .* write the file again/),
    });
  });

  it.each([
    ['nothing', '', /an empty file/],
    ['words', '0 lists\n', /expected PEM .*, DER, .*base64, found 8 bytes that begin with "0 lists/],
    ['a digit', '0', /there is no revocation list/],
    ['DER of something short', Buffer.of(0x30, 3, 2, 1, 1), /there is no revocation list/],
    ['the beginning of DER', Buffer.of(0x30, 0x82, 1, 0, 1), /begins as DER of 260 bytes and has 5: it was cut short/],
    [
      'more lines than any list',
      `${Buffer.alloc(100, '0A').toString('base64')}\n${'A\n'.repeat(500_000)}`,
      /more than 500000 lines/,
    ],
    ['UTF-16', Buffer.from('-----BEGIN X509 CRL-----', 'utf16le'), /there is no revocation list/],
  ])('that has %s is refused in words', (_, content, why) => {
    expect(errorOf(content)).toMatchObject({ code: 'certificates', message: expect.stringMatching(why) });
  });

  it.each([
    ['A', ''],
    ['=', ''],
    ['-', ''],
    ['Ab1z', ''],
    ['MIIB', ''],
    ['A', '-----BEGIN X509 CRL-----\n'],
    ['A', '-----BEGIN X509 CRL-----'],
    [' ', '-----BEGIN X509 CRL-----\n'],
    ['-', '-----BEGIN X509 CRL-----\n'],
  ])('of a single line as long as it may be is refused in words: %j after %j', (character, before) => {
    const text = before + character.repeat((listFileBytesMax - before.length) / character.length);
    const error = errorOf(text);
    expect(error).toBeInstanceOf(AuthError);
    expect((error as AuthError).message.length).toBeLessThan(500);
  });

  it('may have its list on a single line, as long as it may be', () => {
    const der = Buffer.alloc((listFileBytesMax / 4) * 3 - 96);
    der.writeUInt16BE(0x3084);
    der.writeUInt32BE(der.length - 6, 2);
    const base64 = der.toString('base64');
    const inPem = `-----BEGIN X509 CRL-----\n${base64}\n-----END X509 CRL-----\n`;
    for (const text of [base64, inPem]) {
      const lists = listsOf(Buffer.from(text), 'the.crl');
      // Compared by itself: the matchers would take minutes.
      expect(lists.map((list) => list.equals(der))).toEqual([true]);
    }
  });
});
