import { describe, expect, it } from 'vitest';
import { type BrowserAccessSettings, browserAccess } from '../../src/observability/browser-access.js';

const own = '127.0.0.1:7655';

function access(
  headers: Readonly<Record<string, string>>,
  {
    remoteAddress = '127.0.0.1',
    path = '/trace',
    ...settings
  }: Partial<BrowserAccessSettings> & { readonly remoteAddress?: string; readonly path?: string } = {},
): string {
  const given = { isRemote: false, origins: [], host: '127.0.0.1', ...settings };
  const result = browserAccess({ path, headers, remoteAddress }, given);
  return result.isGranted ? (result.headers['access-control-allow-origin'] ?? 'granted') : 'refused';
}

describe('a browser at the machine of the node', () => {
  it.each([own, 'localhost:7655', '[::1]:7655', '127.0.0.1'])('may ask for the page and its trace, of %s', (host) => {
    expect(access({ host })).toBe('granted');
    expect(access({ host, 'sec-fetch-site': 'none', 'sec-fetch-dest': 'document' })).toBe('granted');
    expect(access({ host, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' })).toBe('granted');
    expect(access({ host, origin: `http://${host}` })).toBe(`http://${host}`);
  });

  it.each(['http://127.0.0.1:7665', 'http://localhost:7665', 'http://[::1]:7665', 'https://localhost'])(
    "lets a page of loopback, such as another node's at %s, read the trace",
    (origin) => expect(access({ host: own, origin, 'sec-fetch-site': 'same-site' })).toBe(origin),
  );

  it.each([
    'http://evil.example',
    'https://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'http://evil.example#127.0.0.1',
    'http://127.0.0.1@evil.example',
    'file://',
    'null',
    'chrome-extension://localhost',
    'ftp://localhost',
    '',
    '://',
  ])('keeps a page of "%s" from reading', (origin) => expect(access({ host: own, origin })).toBe('refused'));

  it.each([
    'evil.example:7655',
    'localhost.evil.example',
    '127.0.0.1.evil.example:7655',
    '7f000001.rbndr.us',
    '',
    'a b',
  ])('is not fooled by the name "%s" that points to loopback', (host) => {
    expect(access({ host })).toBe('refused');
    expect(access({ host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' })).toBe('refused');
  });

  it('keeps a page that may not read from having the node send its trace to nobody, as an image, a script or a frame', () => {
    for (const destination of ['image', 'script', 'iframe', 'empty']) {
      for (const site of ['cross-site', 'same-site']) {
        const headers = { host: own, 'sec-fetch-site': site, 'sec-fetch-dest': destination };
        expect(access(headers)).toBe('refused');
      }
    }
  });

  it('follows a link of any page to ours, but not to its trace: a window of another page would keep the node busy', () => {
    const headers = { host: own, 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' };
    expect(access(headers, { path: '/timeline' })).toBe('granted');
    expect(access(headers, { path: '/trace' })).toBe('refused');
  });
});

describe('another machine', () => {
  const [host, remoteAddress] = ['10.0.0.1:7655', '10.0.0.9'];

  it('is refused unless that is configured', () => {
    expect(access({ host }, { remoteAddress })).toBe('refused');
    expect(access({ host }, { remoteAddress, isRemote: true })).toBe('granted');
    expect(access({ host }, { remoteAddress: '::ffff:10.0.0.9' })).toBe('refused');
    expect(access({ host: own }, { remoteAddress: '::ffff:127.0.0.1' })).toBe('granted');
    expect(access({ host }, { remoteAddress: '' })).toBe('refused');
  });

  it('reads from pages that are configured, and from no others, by names that are configured, and by no others', () => {
    const settings = { remoteAddress, isRemote: true, origins: ['http://10.0.0.2:7655', 'https://ops.example'] };
    expect(access({ host, origin: 'http://10.0.0.2:7655' }, settings)).toBe('http://10.0.0.2:7655');
    expect(access({ host, origin: 'http://10.0.0.3:7655' }, settings)).toBe('refused');
    expect(access({ host, origin: 'http://ops.example' }, settings)).toBe('refused');
    expect(access({ host: 'ops.example', origin: 'https://ops.example' }, settings)).toBe('https://ops.example');
    expect(access({ host: 'n1.example:7655' }, settings)).toBe('refused');
    expect(access({ host: 'n1.example:7655' }, { ...settings, host: 'n1.example' })).toBe('granted');
  });
});

it('says why it refuses, and what to do', () => {
  const settings = { isRemote: false, origins: [], host: '127.0.0.1' };
  const refusal = (headers: Readonly<Record<string, string>>, remoteAddress: string) =>
    browserAccess({ path: '/trace', headers, remoteAddress }, settings);
  expect(refusal({ host: own }, '10.0.0.9')).toMatchObject({ reason: expect.stringContaining('timeline.remote') });
  expect(refusal({ host: own, origin: 'http://evil.example' }, '127.0.0.1')).toMatchObject({
    reason: 'pages of http://evil.example may not read this: only those of loopback, and of timeline.origins',
  });
  expect(refusal({ host: 'evil.example' }, '127.0.0.1')).toMatchObject({
    reason: expect.stringContaining('localhost'),
  });
});
