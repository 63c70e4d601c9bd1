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

function urlOf(server: string): string {
  const written = server.trim();
  const full = /^[a-z][a-z\d+.-]*:\/\//i.test(written) ? written : `http://${written}`;
  if (/^https?:/i.test(full) && URL.canParse(full)) return new URL('/trace', full).href;
  throw new Error(
    `?watch= takes addresses of nodes such as http://127.0.0.1:7655, separated by commas: "${written}" is none`,
  );
}
