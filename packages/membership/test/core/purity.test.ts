import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = new URL('../../src/core/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));

test('there is a core to look at', () => expect(files.length).toBeGreaterThan(25));

for (const name of files) {
  test(`${name} has no clock, timer, promise or socket, and imports nothing that has`, () => {
    const source = readFileSync(new URL(name, folder), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    const imports = [...source.matchAll(/from '([^']+)'/g)].map((match) => match[1]!);
    const others = imports.filter((from) => !from.startsWith('./'));
    expect(others.filter((from) => from !== '@commitlog/runtime' && from !== 'node:buffer')).toEqual([]);
    expect(source).not.toMatch(
      /\b(Date\.now|Math\.random|setTimeout|setInterval|queueMicrotask|async|await|Promise)\b/,
    );
    expect(source.split('\n').length).toBeLessThan(400);
  });
}
