import { describe, expect, test } from 'vitest';
import { livePage, TraceError, timelinePage } from '../../src/index.js';
import { leaderDeath } from '../traces.js';

describe('the page of a trace', () => {
  const { lines, text } = leaderDeath();

  test('is the same from a text and from its lines, and has each line in it', () => {
    const page = timelinePage({ events: text });
    expect(timelinePage({ events: lines })).toBe(page);
    expect(timelinePage({ events: lines.map((line) => `${line}\r\n`) })).toBe(page);
    for (const line of lines) expect(page).toContain(line);
  });

  test('given an event with line breaks between its fields, then on the page it is one line', () => {
    const [first, second] = lines as [string, string];
    const broken = first.replaceAll(',"', ',\r"');
    expect(timelinePage({ events: [broken, second].join('\n') })).toBe(timelinePage({ events: [first, second] }));
    expect(timelinePage({ events: [broken.replaceAll('\r', '\n'), second] })).toContain(`\n${first}\n${second}\n`);
  });

  test('given a text that ends in the middle of a line, as a crash leaves it, then that line is left out, and this is told', () => {
    const told: number[] = [];
    const page = timelinePage({ events: `${text}\n{"v":1,"atMs":30`, onTorn: (line) => told.push(line) });
    expect(told).toEqual([lines.length + 1]);
    expect(page).toContain(`data-torn="${lines.length + 1}"`);
    expect(page.replace(/ data-torn="\d+"/, '')).toBe(timelinePage({ events: text }));
    expect(timelinePage({ events: text })).not.toContain('data-torn="');
  });

  test.each([
    ['ended by a line feed', `${text}\n{"v":1\n`],
    ['JSON, but no event', `${text}\n{"v":1}`],
    ['all there is', '{"v":1,"atMs":30'],
  ])('given a last line that is torn nowhere: %s, then it is refused', (_what, events) => {
    expect(() => timelinePage({ events })).toThrow(TraceError);
  });

  test('is at most 300 KB without its data, and names no other place', () => {
    const page = timelinePage({ events: [] });
    expect(Buffer.byteLength(page)).toBeLessThan(300_000);
    expect(page).not.toMatch(/https?:\/\/(?!127\.0\.0\.1|localhost)/);
  });

  test('lets no other script run, and connects to nothing', () => {
    const page = timelinePage({ events: text });
    expect(page).toMatch(
      /Content-Security-Policy" content="default-src 'none'; script-src 'sha256-[^' ]+'; style-src 'sha256-/,
    );
    expect(page).toContain("connect-src 'none'");
  });

  test('given a trace that would end the script which holds it, then it does not', () => {
    const evil = { ...JSON.parse(lines[0]!), cause: '</script><script>alert(1)</script><!--' };
    const page = timelinePage({ title: '</title><script>alert(2)</script>', events: [JSON.stringify(evil)] });
    expect(page).not.toContain('<script>alert');
    const [, data] = /id="trace">\n([\s\S]*?)\n<\/script>/.exec(page)!;
    expect(JSON.parse(data!)).toEqual(evil);
  });
});

describe('a line that is no event', () => {
  const [good] = leaderDeath().lines;
  test.each([
    ['not JSON', '{"v":1', 'a JSON object'],
    ['a list', '[1]', 'a JSON object'],
    ['of another version', '{"v":2}', 'a trace of version 1'],
    ['without a time', '{"v":1,"atMs":"1"}', 'a number in "atMs"'],
    ['without a cause', good!.replace('"cause"', '"because"'), 'a string in "cause"'],
    ['without a node', good!.replace('"n1@s1"', '""'), 'the name of a member in "node"'],
  ])('given one that is %s, then it is refused with its number and what was expected', (_what, line, expected) => {
    const page = (): string => timelinePage({ events: [good!, '', line] });
    expect(page).toThrow(TraceError);
    expect(page).toThrow(`line 3: expected ${expected}`);
  });
});

test('origins that the live page may reach besides end neither its policy nor the attribute that holds it', () => {
  expect(livePage({ origins: ['http://10.0.0.2:7655'] })).toContain(
    'http://localhost:* http://10.0.0.2:7655; base-uri',
  );
  const page = livePage({ origins: ['http://"><script>alert(1)</script>'] });
  expect(page).not.toContain('<script>alert');
  expect(page).toContain('http://&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;; base-uri');
  expect(() => livePage({ origins: ['http://a; script-src *'] })).toThrow(
    'expected origins such as http://10.0.0.2:7655, found "http://a; script-src *"',
  );
});

test('the live page has no data, and may connect to its own server and to loopback alone', () => {
  const page = livePage();
  expect(page).not.toContain('id="trace"');
  expect(page).toContain("connect-src 'self' http://127.0.0.1:* http://localhost:*");
});
