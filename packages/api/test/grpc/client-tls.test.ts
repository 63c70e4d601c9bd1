import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type DetailedPeerCertificate } from 'node:tls';
import { beforeEach, describe, expect, it } from 'vitest';
import { ApiChannel, ClientTls, type ClientTlsInit, logV1, pemFiles } from '../../src/index.js';
import { type Identity, TestCa } from '../certificates.js';
import {
  closeAfterTest,
  drain,
  eventually,
  failureOf,
  produceRequest,
  type Secured,
  serveSecured,
  TestAuthorizer,
} from '../rig.js';

let secured: Secured;
let folder: string;

beforeEach(async () => {
  secured = await serveSecured(new TestAuthorizer(['alice produce default', 'carol produce default']));
  folder = await mkdtemp(join(tmpdir(), 'commitlog-tls-'));
  closeAfterTest(() => rm(folder, { recursive: true }));
});

const path = (name: string): string => join(folder, name);
const paths = () => ({ ca: path('ca.pem'), cert: path('cert.pem'), key: path('key.pem') });

async function install(ca: TestCa, { cert, key }: Identity): Promise<void> {
  await Promise.all([
    writeFile(path('ca.pem'), ca.pem),
    writeFile(path('cert.pem'), cert),
    writeFile(path('key.pem'), key, { mode: 0o600 }),
  ]);
}

async function open(init: ClientTlsInit = { reloadMs: 0 }): Promise<ClientTls> {
  const credentials = await ClientTls.open(pemFiles(paths()), init);
  closeAfterTest(() => credentials.close());
  return credentials;
}

function logOver(credentials: ClientTls, target = secured.target) {
  const channel = new ApiChannel({ target }, { credentials });
  closeAfterTest(() => channel.close());
  return channel.client(logV1.LogDefinition);
}

const expired = new Date('2021-01-01T00:00:00Z');

describe('client TLS', () => {
  // First: Node warns once in a process.
  it('a server that is dialled by its address: nobody is warned of anything', async () => {
    const warnings: string[] = [];
    const listen = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', listen);
    closeAfterTest(() => void process.off('warning', listen));
    await install(secured.ca, await secured.ca.issue('alice'));
    const target = secured.target.replace('localhost', '127.0.0.1');
    expect(await logOver(await open(), target).produce(produceRequest('tea'))).toEqual({ offset: 0n });
    expect(warnings).toEqual([]);
  });

  it('shows the certificate of its files', async () => {
    await install(secured.ca, await secured.ca.issue('alice'));
    expect(await logOver(await open()).produce(produceRequest('tea'))).toEqual({ offset: 0n });
  });

  it('connections after a reload show the new certificate, and those before go on with theirs', async () => {
    await install(secured.ca, await secured.ca.issue('alice'));
    const credentials = await open();
    const before = logOver(credentials);
    await before.produce(produceRequest('tea'));
    await install(secured.ca, await secured.ca.issue('bob'));
    await credentials.reload();
    expect(await failureOf(logOver(credentials).produce(produceRequest('tea')))).toMatchObject({
      code: 'PERMISSION_DENIED',
      message: '"bob" may not produce on log "default"',
    });
    expect(await before.produce(produceRequest('tea'))).toEqual({ offset: 1n });
  });

  it('a channel that was made before a reload connects again with what is current then', async () => {
    await install(secured.ca, await secured.ca.issue('bob'));
    const credentials = await open();
    const log = logOver(credentials);
    await install(secured.ca, await secured.ca.issue('carol'));
    await credentials.reload();
    expect(await log.produce(produceRequest('tea'))).toEqual({ offset: 0n });
  });

  it('reloads by itself', async () => {
    await install(secured.ca, await secured.ca.issue('bob'));
    const credentials = await open({ reloadMs: 20 });
    await install(secured.ca, await secured.ca.issue('carol'));
    let isIn = false;
    await eventually(() => {
      logOver(credentials)
        .produce(produceRequest('tea'))
        .then(
          () => {
            isIn = true;
          },
          () => {},
        );
      return isIn;
    }, 'the new certificate is shown');
  });

  const first = (ca: TestCa): string => ca.pem.slice(0, 200);
  it.each<[what: string, name: 'ca' | 'cert' | 'key', content: (ca: TestCa) => string | Promise<string>, why: RegExp]>([
    ['a certificate that was cut short', 'cert', first, /cert.* was cut short/],
    ['an empty certificate', 'cert', () => '', /cert.* has no certificate/],
    [
      'a certificate that has expired',
      'cert',
      async (ca) => (await ca.issue('alice', undefined, expired)).cert,
      /not that of|expired/,
    ],
    ['an empty key', 'key', () => '', /no private key/],
    ['an empty list of authorities', 'ca', () => '', /ca.* has no certificate/],
    ['garbage for authorities', 'ca', () => 'garbage', /ca.* has no certificate/],
    ['a list of authorities that was cut short', 'ca', first, /ca.* was cut short: 1 certificates begin, and 0 end/],
    ['a list whose second authority was cut short', 'ca', (ca) => ca.pem + first(ca), /was cut short/],
    ['an authority that is none', 'ca', async (ca) => (await ca.issue('alice')).cert, /no authority/],
  ])('%s is refused, and what was there goes on being used', async (_what, name, content, why) => {
    await install(secured.ca, await secured.ca.issue('alice'));
    const refused: Error[] = [];
    const credentials = await open({ reloadMs: 20, onRefused: (error) => refused.push(error) });
    await writeFile(path(`${name}.pem`), await content(secured.ca));
    await expect(credentials.reload()).rejects.toMatchObject({
      code: 'certificates',
      message: expect.stringMatching(why),
    });
    await eventually(() => refused.length > 0, 'it is told');
    expect(await logOver(credentials).produce(produceRequest('tea'))).toEqual({ offset: 0n });
    await expect(open()).rejects.toThrow(why);
  });

  it('a certificate that has expired is refused, and a key without its certificate', async () => {
    await install(secured.ca, await secured.ca.issue('alice', undefined, expired));
    await expect(open()).rejects.toThrow(/has expired on/);
    const { ca, key } = paths();
    await expect(ClientTls.open(pemFiles({ ca, key }))).rejects.toThrow(/the certificate is missing/);
  });

  it('what OpenSSL alone finds wrong is refused as everything else, also when it is reloaded', async () => {
    await install(secured.ca, await secured.ca.issue('alice'));
    const credentials = await open();
    await install(secured.ca, await secured.ca.issueWeak('alice'));
    const refusal = { name: 'TlsMaterialError', code: 'certificates', message: expect.stringMatching(/OpenSSL/) };
    await expect(open()).rejects.toMatchObject(refusal);
    await expect(credentials.reload()).rejects.toMatchObject(refusal);
    expect(await logOver(credentials).produce(produceRequest('tea'))).toEqual({ offset: 0n });
  });

  it('a key that others than its owner may use is refused', async () => {
    await install(secured.ca, await secured.ca.issue('alice'));
    for (const mode of [0o640, 0o604, 0o620, 0o610]) {
      await chmod(path('key.pem'), mode);
      await expect(open()).rejects.toMatchObject({
        code: 'key-exposed',
        message: expect.stringContaining(`chmod 600 ${path('key.pem')}`),
      });
    }
    await chmod(path('key.pem'), 0o400);
    expect(await logOver(await open()).produce(produceRequest('tea'))).toEqual({ offset: 0n });
  });

  it('a key that is not that of the certificate is refused', async () => {
    const [alice, bob] = [await secured.ca.issue('alice'), await secured.ca.issue('bob')];
    await install(secured.ca, { cert: alice.cert, key: bob.key });
    await expect(open()).rejects.toThrow(/the key is not that of the certificate of CN=alice/);
    await rm(path('key.pem'));
    await expect(open()).rejects.toThrow(/ENOENT/);
  });

  it('a server of another authority is not believed', async () => {
    await install(await TestCa.create(), await secured.ca.issue('alice'));
    const error = await failureOf(logOver(await open()).produce(produceRequest('tea'), { timeoutMs: 3000 }));
    expect(['UNAVAILABLE', 'DEADLINE_EXCEEDED']).toContain(error.code);
  });

  it('a server that is not who it should be is not believed', async () => {
    await install(secured.ca, await secured.ca.issue('alice'));
    const asked: string[] = [];
    const checkServerIdentity = (host: string) => {
      asked.push(host);
      return new Error('not the node that was meant');
    };
    const credentials = await open({ reloadMs: 0, checkServerIdentity });
    const error = await failureOf(logOver(credentials).produce(produceRequest('tea'), { timeoutMs: 3000 }));
    expect(['UNAVAILABLE', 'DEADLINE_EXCEEDED']).toContain(error.code);
    expect(asked).toContain('127.0.0.1');
  });

  it('a server that is not what it should be any more: open connections end, and no other is made', async () => {
    await install(secured.ca, await secured.ca.issue('alice'));
    let problem: Error | undefined;
    const checked: (string | undefined)[] = [];
    const checkServerIdentity = (host: string, { issuerCertificate }: DetailedPeerCertificate) => {
      checked.push(`${host} ${issuerCertificate.subject.CN}`);
      return problem;
    };
    const credentials = await open({ reloadMs: 0, recheckMs: 20, checkServerIdentity });
    const stream = logOver(credentials).produceStream();
    await stream.write(produceRequest('tea'));
    const ended = failureOf(drain(stream));
    await eventually(() => checked.length > 3, 'the open connection is checked again and again');
    expect(new Set(checked)).toEqual(new Set(['127.0.0.1 test authority']));
    problem = new Error('it was revoked');
    expect(await ended).toMatchObject({ code: 'UNAVAILABLE' });
    const error = await failureOf(logOver(credentials).produce(produceRequest('tea'), { timeoutMs: 1000 }));
    expect(['UNAVAILABLE', 'DEADLINE_EXCEEDED']).toContain(error.code);
    problem = undefined;
    expect(await logOver(credentials).produce(produceRequest('tea'))).toEqual({ offset: 1n });
  });

  it('a check that throws finds the server wrong, and does not end the process', async () => {
    await install(secured.ca, await secured.ca.issue('alice'));
    const checkServerIdentity = () => {
      throw new Error('a defect');
    };
    const log = logOver(await open({ reloadMs: 0, checkServerIdentity }));
    const error = await failureOf(log.produce(produceRequest('tea'), { timeoutMs: 1000 }));
    expect(['UNAVAILABLE', 'DEADLINE_EXCEEDED']).toContain(error.code);
  });

  it('a further check of a server does not replace that of its name', async () => {
    await install(secured.ca, await secured.ca.issue('alice'));
    const credentials = await open({ reloadMs: 0, checkServerIdentity: () => undefined });
    const options = { 'grpc.ssl_target_name_override': 'another.example' };
    const channel = new ApiChannel({ target: secured.target, options }, { credentials });
    closeAfterTest(() => channel.close());
    const produced = channel.client(logV1.LogDefinition).produce(produceRequest('tea'), { timeoutMs: 3000 });
    expect(['UNAVAILABLE', 'DEADLINE_EXCEEDED']).toContain((await failureOf(produced)).code);
    expect(await logOver(credentials).produce(produceRequest('tea'))).toEqual({ offset: 0n });
  });

  it('a reload that is slow does not replace what a later one has brought', async () => {
    const [alice, carol] = [await secured.ca.issue('alice'), await secured.ca.issue('nobody')];
    const loads = [alice, carol, alice];
    let release = (): void => {};
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const load = async () => {
      const identity = loads.shift()!;
      if (identity === carol) await slow;
      return { ca: secured.ca.pem, ...identity };
    };
    const credentials = await ClientTls.open(load, { reloadMs: 0 });
    const reloads = [credentials.reload(), credentials.reload()];
    setImmediate(release);
    await Promise.all(reloads);
    expect(await logOver(credentials).produce(produceRequest('tea'))).toEqual({ offset: 0n });
  });

  it('speaks TLS 1.3 and nothing older', async () => {
    await install(secured.ca, await secured.ca.issue('alice'));
    const { cert, key } = await secured.ca.issue('server');
    const old = createTlsServer({ cert, key, maxVersion: 'TLSv1.2', ALPNProtocols: ['h2'] });
    let hasConnected = false;
    old.on('secureConnection', () => {
      hasConnected = true;
    });
    old.listen(0, '127.0.0.1');
    await once(old, 'listening');
    closeAfterTest(() => void old.close());
    const target = `127.0.0.1:${(old.address() as AddressInfo).port}`;
    const failed = once(old, 'tlsClientError');
    const error = await failureOf(logOver(await open(), target).produce(produceRequest('tea'), { timeoutMs: 2000 }));
    await failed;
    expect(['UNAVAILABLE', 'DEADLINE_EXCEEDED']).toContain(error.code);
    expect(hasConnected).toBe(false);
  });
});
