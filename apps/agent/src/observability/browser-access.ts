import { isLoopback } from '../configuration/kinds.js';

/** What is known of whoever asks. Names of headers are in small letters. */
export interface Asked {
  /** What for, without what follows a `?`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The IP address that the connection comes from. */
  readonly remoteAddress: string;
}

export interface BrowserAccessSettings {
  /** Whether others than this machine may ask. */
  readonly isRemote: boolean;
  /** Origins (RFC 6454), such as `https://ops.example.com`, whose pages may read besides those of loopback. */
  readonly origins: readonly string[];
  /** The name or address that is listened on. */
  readonly host: string;
}

/** What follows for the answer. */
export type BrowserAccess =
  | { readonly isGranted: true; readonly headers: Readonly<Record<string, string>> }
  | { readonly isGranted: false; readonly reason: string };

/**
 * Whether something that only people at this node should see is shown to whoever asks. Browsers are the danger: any page on the internet
 * can make its visitor's browser ask a port of the visitor's loopback, so
 *
 * - `Host` must not be a name that anybody could have made point here (DNS rebinding): an IP address, `localhost`, or what is configured;
 * - a page of another origin must be one of loopback, or be configured; whoever does not say where it comes from, and is no page of ours by
 *   `Sec-Fetch-Site` (Fetch Metadata), is refused as well: it could read nothing, but keep the node busy.
 */
export function browserAccess({ path, headers, remoteAddress }: Asked, settings: BrowserAccessSettings): BrowserAccess {
  const refuse = (reason: string): BrowserAccess => ({ isGranted: false, reason });
  if (!settings.isRemote && !isLoopback({ host: remoteAddress.replace(/^::ffff:/, '') })) {
    return refuse('this is served to the machine that the node runs on; timeline.remote serves it to others');
  }
  const { host = '', origin, 'sec-fetch-site': site = 'none', 'sec-fetch-dest': destination } = headers;
  if (!isTrustedHost(host, settings)) {
    return refuse(`ask by an IP address, or as localhost: "${shown(host)}" is a name that may be anybody's`);
  }
  // Caches keep what one origin may read apart from what another may.
  const vary = { vary: 'Origin' };
  if (origin === undefined) {
    // A link that somebody follows shows them a page of ours; no page can read it, or have it in a frame. A trace is no page: a window that was opened on it would only keep the node busy.
    const isLink = path === '/timeline' && destination === 'document';
    return ['none', 'same-origin'].includes(site) || isLink
      ? { isGranted: true, headers: vary }
      : refuse('a page of another origin has to ask by CORS, as EventSource and fetch do');
  }
  const parsed = parsedUrl(origin);
  const isOwn = parsed?.host === parsedUrl(`http://${host}`)?.host;
  const isTrusted = isOwn || settings.origins.includes(origin) || isLoopbackOrigin(parsed);
  return isTrusted
    ? { isGranted: true, headers: { ...vary, 'access-control-allow-origin': origin } }
    : refuse(`pages of ${shown(origin)} may not read this: only those of loopback, and of timeline.origins`);
}

function isTrustedHost(host: string, settings: BrowserAccessSettings): boolean {
  const hostname = parsedUrl(`http://${host}`)?.hostname;
  if (hostname === undefined) return false;
  const isAddress = hostname.startsWith('[') || /^\d{1,3}(\.\d{1,3}){3}$/.test(hostname);
  const names = [
    'localhost',
    settings.host.toLowerCase(),
    ...settings.origins.map((each) => parsedUrl(each)?.hostname),
  ];
  return isAddress || names.includes(hostname);
}

function isLoopbackOrigin(origin: URL | undefined): boolean {
  if (origin === undefined || !['http:', 'https:'].includes(origin.protocol)) return false;
  return isLoopback({ host: origin.hostname.replace(/^\[|\]$/g, '') });
}

function parsedUrl(written: string): URL | undefined {
  return URL.canParse(written) ? new URL(written) : undefined;
}

/** What somebody else has written, in an answer to them. */
function shown(text: string): string {
  return text.slice(0, 100);
}
