import { expect, test } from 'vitest';
import { streamUrls } from '../../src/viewer/stream-urls.js';

const page = 'http://127.0.0.1:7655/timeline';

test('without a question it is the trace of the page’s own server', () => {
  expect(streamUrls(page)).toEqual(['http://127.0.0.1:7655/trace']);
  expect(streamUrls(`${page}?watch=,`)).toEqual(['http://127.0.0.1:7655/trace']);
});

test('servers may be named as people write them, and each is watched once', () => {
  expect(streamUrls(`${page}?watch=127.0.0.1:1111, localhost:2222,http://127.0.0.1:1111/,https://n3.example`)).toEqual([
    'http://127.0.0.1:1111/trace',
    'http://localhost:2222/trace',
    'https://n3.example/trace',
  ]);
});

test.each(['http://', 'a b', '127.0.0.1:99999', 'file:///etc', 'javascript://x'])(
  'given %j, which is no server, then it is said what was expected',
  (server) => {
    expect(() => streamUrls(`${page}?watch=http://127.0.0.1:1111,${encodeURIComponent(server)}`)).toThrow(
      `?watch= takes addresses of nodes such as http://127.0.0.1:7655, separated by commas: "${server}" is none`,
    );
  },
);
