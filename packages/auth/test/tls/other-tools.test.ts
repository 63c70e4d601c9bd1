import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeClock, nodeFiles } from '@commitlog/runtime/node';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Authenticator, openServerTls, type ServerTls } from '../../src/index.js';
import { certificatesOf } from '../../src/tls/pem.js';
import { hasOpenssl } from '../pki/openssl.js';
import { Mutual } from './mutual.js';

/**
 * An authority, a node and two clients, with what other tools put into certificates: names of several parts, policies, places of
 * lists, usages beyond ours, extensions of their own (step names its provisioner), long serial numbers with a first byte above
 * 127. Its list says where it is and that it is of users, critical, as step-ca's does. `$NEW` makes a key.
 */
const make = `
cat > ca.cnf <<END
[ca]
default_ca = this
[this]
database = index.txt
crlnumber = crlnumber
default_md = $DIGEST
default_crl_days = 30
crl_extensions = list
[list]
issuingDistributionPoint = critical, @place
[place]
fullname = URI:http://ca.example/1.0/crl
onlyuser = TRUE
END
: > index.txt; echo 00ff > crlnumber
leaf='keyUsage=critical,digitalSignature,keyEncipherment
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid,issuer
certificatePolicies=2.23.140.1.2.1
crlDistributionPoints=URI:http://ca.example/list.crl
authorityInfoAccess=OCSP;URI:http://ca.example/ocsp
1.3.6.1.4.1.37476.9000.64.1=ASN1:SEQUENCE:step
tlsfeature=status_request'
step='[step]
kind=INTEGER:1
name=OCTETSTRING:admin@example.com'
openssl req -x509 -newkey $NEW -noenc -days 30 -subj "/C=DE/O=Shop/OU=IT+OU=Root/CN=shop CA" -addext keyUsage=critical,keyCertSign,cRLSign -keyout ca.key -out ca.crt
printf '%s\nextendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=URI:spiffe://shop/node/a,DNS:localhost,IP:127.0.0.1,email:a@example.com\n%s\n' "$leaf" "$step" > a.ext
printf '%s\nextendedKeyUsage=clientAuth,emailProtection\nsubjectAltName=DNS:till.example,email:a@example.com\n%s\n' "$leaf" "$step" > till.ext
serial=1
for name in a till stolen; do
  openssl req -newkey $NEW -noenc -subj "/C=DE/O=Shop/OU=Tills/CN=$name" -keyout $name.key -out $name.csr
  ext=$name.ext; [ -f $ext ] || ext=till.ext
  openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -set_serial 0xF$serial'00112233445566778899AABBCCDDEEFF001122' -days 9 -extfile $ext -out $name.crt
  serial=$((serial + 1))
done
openssl ca -config ca.cnf -cert ca.crt -keyfile ca.key -gencrl -out ca.crl`;
const revoke = `
openssl ca -config ca.cnf -cert ca.crt -keyfile ca.key -revoke stolen.crt -crl_reason keyCompromise
openssl ca -config ca.cnf -cert ca.crt -keyfile ca.key -gencrl -out ca.crl`;

const kinds: ReadonlyArray<readonly [what: string, newKey: string, digest?: string]> = [
  ['RSA', 'rsa:2048'],
  ['RSA-PSS', 'rsa-pss -pkeyopt rsa_keygen_bits:2048'],
  ['P-384', 'ec -pkeyopt ec_paramgen_curve:P-384', 'sha384'],
  ['P-521', 'ec -pkeyopt ec_paramgen_curve:P-521', 'sha512'],
  ['Ed25519', 'ed25519', 'default'],
];

let dir: string;
let mutual: Mutual;
let tls: ServerTls | undefined;
const at = (name: string): string => join(dir, name);
const text = (name: string): string => readFileSync(at(name), 'utf8');
const until = { timeout: 10_000, interval: 10 };

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'commitlog-tools-'));
  mutual = await Mutual.make();
});
afterEach(async () => {
  await tls?.stop();
  await mutual.remove();
  rmSync(dir, { recursive: true });
});

async function serve(directory = dir): Promise<number> {
  const paths = { certificate: 'a.crt', key: 'a.key', authorities: 'ca.crt', revocations: 'ca.crl' };
  const settings = Object.fromEntries(Object.entries(paths).map(([name, file]) => [name, join(directory, file)]));
  const components = { files: nodeFiles, clock: nodeClock, crypto, audit: { record: () => {} } };
  tls = await openServerTls({ ...(settings as typeof paths), pollMs: 20, sweepMs: 50 }, components);
  tls.start();
  return mutual.serve(tls);
}
const client = (port: number, name: string) =>
  mutual.client(port, { certificatePem: text(`${name}.crt`), keyPem: text(`${name}.key`) }, text('ca.crt'));

describe.skipIf(!hasOpenssl)('what other tools make', () => {
  it.each(kinds)('with keys of %s is a server, a client, and can be revoked', async (_, NEW, DIGEST = 'sha256') => {
    const run = (commands: string): void =>
      void execFileSync('sh', ['-euc', commands], { cwd: dir, stdio: 'ignore', env: { ...process.env, NEW, DIGEST } });
    run(make);
    const authenticator = new Authenticator({ cluster: 'shop' });
    const principalOf = (file: string) => authenticator.authenticate(certificatesOf(text(file), file)[0]);
    expect(principalOf('a.crt')).toEqual({ principal: { kind: 'node', cluster: 'shop', nodeId: 'a' } });
    expect(principalOf('till.crt')).toEqual({ principal: { kind: 'client', subject: 'till' } });
    const port = await serve();
    expect(await client(port, 'till').once('hello')).toBe('hello');
    const stream = client(port, 'stolen').forever();
    await vi.waitFor(() => expect(stream.received).toBeGreaterThan(0), until);
    run(revoke);
    await vi.waitFor(() => expect(stream.ended).toBeDefined(), until);
    expect(await client(port, 'stolen').once()).toMatch(/UNAVAILABLE/);
    expect(await client(port, 'till').once('hello')).toBe('hello');
  });

  it('takes a key as old tools write it, and files that are swapped by a link, as Kubernetes does', async () => {
    const NEW = 'ec -pkeyopt ec_paramgen_curve:P-256';
    const environment = { ...process.env, NEW, DIGEST: 'sha256' };
    execFileSync('sh', ['-euc', make], { cwd: dir, stdio: 'ignore', env: environment });
    const old =
      'openssl ecparam -name prime256v1 -out p.pem; openssl ec -in a.key -out e.key; cat p.pem e.key > old.key';
    execFileSync('sh', ['-euc', old], { cwd: dir, stdio: 'ignore' });
    const publish = (version: string, files: Record<string, string>): void => {
      mkdirSync(at(version));
      for (const [name, content] of Object.entries(files))
        writeFileSync(at(`${version}/${name}`), content, { mode: 0o600 });
      symlinkSync(version, at('..next'));
      renameSync(at('..next'), at('..data'));
    };
    const first = {
      'a.crt': text('a.crt'),
      'a.key': text('old.key'),
      'ca.crt': text('ca.crt'),
      'ca.crl': text('ca.crl'),
    };
    expect(first['a.key']).toMatch(/^-----BEGIN EC PARAMETERS-----[\s\S]*-----BEGIN EC PRIVATE KEY-----/);
    publish('v1', first);
    mkdirSync(at('mounted'));
    for (const name of Object.keys(first)) symlinkSync(at(`..data/${name}`), at(`mounted/${name}`));
    const port = await serve(at('mounted'));
    expect(await client(port, 'till').once('hello')).toBe('hello');
    execFileSync('sh', ['-euc', revoke], { cwd: dir, stdio: 'ignore' });
    publish('v2', { ...first, 'a.key': text('a.key'), 'ca.crl': text('ca.crl') });
    await vi.waitFor(() => expect(tls!.status).toMatchObject({ changes: 1, refusals: 0 }), until);
    expect(await client(port, 'stolen').once()).toMatch(/UNAVAILABLE/);
    expect(await client(port, 'till').once('hello')).toBe('hello');
  });
});
