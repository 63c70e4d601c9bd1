import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { encodeMessage } from '../src/core/message.js';
import { PacketBuilder } from '../src/core/packet.js';
import { encodeTags } from '../src/core/tags.js';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const readme = read('README.md');
const page = read('../../docs/membership.md');
const example = read('examples/three-nodes.ts');

test('the README has the example word for word, in at most 25 lines', () => {
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
  expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(25);
});

test('the README has what the example prints', () => {
  const args = ['--conditions=@commitlog/source', '--import', 'tsx', 'examples/three-nodes.ts'];
  const printed = execFileSync(process.execPath, args, { cwd: packageDirectory, encoding: 'utf8' });
  expect(readme).toContain(`\`\`\`\n${printed}\`\`\``);
});

test('the page about the protocol has its example to the byte', () => {
  const packet = new PacketBuilder({ from: 'ada', to: 'bob', incarnation: 3 }, 1_000);
  const address = { host: '10.0.0.7', port: 7946 };
  const tagBytes = encodeTags({ rack: 7, role: 'voter', up: true });
  packet.add(encodeMessage({ kind: 'ping', seq: 258 }));
  packet.add(encodeMessage({ kind: 'suspect', about: 'bob', incarnation: 2, from: 'ada' }));
  packet.add(encodeMessage({ kind: 'alive', about: 'eve', incarnation: 5, address, tagBytes }));
  const lines = page.split('```')[1]!.trim().split('\n');
  const bytes = lines.map((line) => /^ *((?:[0-9a-f]{2} ?)+)(?: |$)/.exec(line)![1]!.trim()).join(' ');
  expect(bytes).toBe(
    Buffer.from(packet.bytes())
      .toString('hex')
      .replace(/..(?=.)/g, '$& '),
  );
});

test('the page about the protocol names files that exist', () => {
  const named = [...page.matchAll(/`(packages\/[\w./-]+)`/g)].map(([, path]) => path!);
  expect(named.length).toBeGreaterThan(8);
  for (const path of named) {
    expect([path, existsSync(new URL(`../../../${path}`, import.meta.url))]).toEqual([path, true]);
  }
});
