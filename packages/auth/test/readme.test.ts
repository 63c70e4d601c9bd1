import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeClock, nodeFiles } from '@commitlog/runtime/node';
import { expect, test } from 'vitest';
import { Authenticator, openServerTls } from '../src/index.js';
import { certificatesOf } from '../src/tls/pem.js';
import { hasOpenssl } from './pki/openssl.js';
import { Mutual } from './tls/mutual.js';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const readme = read('README.md');

test('the README has the example word for word, in at most 25 lines', () => {
  const example = read('examples/who-may.ts');
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
  expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(25);
});

test('the README has what the example prints', () => {
  const args = ['--conditions=@commitlog/source', '--import', 'tsx', 'examples/who-may.ts'];
  const printed = execFileSync(process.execPath, args, { cwd: packageDirectory, encoding: 'utf8' });
  expect(readme).toContain(`\`\`\`\n${printed}\`\`\``);
});

test('the page about security names files that exist', () => {
  const page = read('../../docs/security.md');
  const named = [...page.matchAll(/`(packages\/[\w./-]+)`/g)].map(([, path]) => path!);
  expect(named.length).toBeGreaterThan(8);
  for (const path of named)
    expect([path, existsSync(new URL(`../../../${path}`, import.meta.url))]).toEqual([path, true]);
});

/** A root and an authority between it and a server and a client, all of RSA. */
const rsaChain = `
openssl req -x509 -newkey rsa:2048 -noenc -days 30 -subj "/CN=root" -keyout root.key -out ca.crt
printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n' > between.ext
openssl req -newkey rsa:2048 -noenc -subj "/CN=between" -keyout between.key -out between.csr
openssl x509 -req -in between.csr -CA ca.crt -CAkey root.key -CAcreateserial -days 20 -extfile between.ext -out between.crt
printf 'extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=URI:spiffe://shop/node/a,DNS:localhost\n' > node.ext
printf 'extendedKeyUsage=clientAuth\n' > client.ext
for who in a:node till-3:client; do
  name=\${who%:*}
  openssl req -newkey rsa:2048 -noenc -subj "/CN=$name" -keyout $name.key -out $name.csr
  openssl x509 -req -in $name.csr -CA between.crt -CAkey between.key -CAcreateserial -days 9 -extfile \${who#*:}.ext -out $name.leaf
  cat $name.leaf between.crt > $name.crt
done`;

test.skipIf(!hasOpenssl).each([
  ['what the README makes with openssl', /```sh\n(openssl req [^`]*)```/.exec(readme)![1]!],
  ['what openssl makes of RSA keys and an authority in between', rsaChain],
])('%s is a client and a server of the cluster', async (_, commands) => {
  const dir = mkdtempSync(join(tmpdir(), 'commitlog-openssl-'));
  const mutual = await Mutual.make();
  try {
    execFileSync('sh', ['-euc', commands], { cwd: dir, stdio: 'ignore' });
    const text = (file: string): string => readFileSync(join(dir, file), 'utf8');
    const authenticator = new Authenticator({ cluster: 'shop' });
    const principalOf = (file: string) => authenticator.authenticate(certificatesOf(text(file), file)[0]);
    expect(principalOf('till-3.crt')).toEqual({ principal: { kind: 'client', subject: 'till-3' } });
    expect(principalOf('a.crt')).toEqual({ principal: { kind: 'node', cluster: 'shop', nodeId: 'a' } });
    const paths = { certificate: join(dir, 'a.crt'), key: join(dir, 'a.key'), authorities: join(dir, 'ca.crt') };
    const audit = { record: () => {} };
    const tls = await openServerTls(paths, { files: nodeFiles, clock: nodeClock, audit });
    const client = { certificatePem: text('till-3.crt'), keyPem: text('till-3.key') };
    expect(await mutual.client(await mutual.serve(tls), client, text('ca.crt')).once('hello')).toBe('hello');
  } finally {
    await mutual.remove();
    rmSync(dir, { recursive: true });
  }
});
