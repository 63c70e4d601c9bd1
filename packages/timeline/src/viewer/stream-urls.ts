/**
 * The streams that the page's address asks for: `?watch=` servers, separated by commas; its own unless told.
 *
 * @throws Error in words for people where one is no server's address
 */
export function streamUrls(address: string): string[] {
  const { searchParams } = new URL(address);
  const watched = (searchParams.get('watch') ?? '').split(',').filter((server) => server.trim() !== '');
  if (watched.length === 0) return [new URL('trace', address).href];
  return [...new Set(watched.map(urlOf))];
}

/** What a server's address has where it does not say. */
const fallback = 'http://localhost';

function urlOf(server: string): string {
  const written = server.trim();
  const full = written.includes('://') ? written : `//${written}`;
  if (URL.canParse(full, fallback)) {
    const url = new URL(full, fallback);
    if (/^https?:$/.test(url.protocol)) return new URL('/trace', url).href;
  }
  throw new Error(
    `?watch= takes addresses of nodes such as http://127.0.0.1:7655, separated by commas: "${written}" is none`,
  );
}
