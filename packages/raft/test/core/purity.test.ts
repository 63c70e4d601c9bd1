import { readdirSync, readFileSync } from 'node:fs';
import { expect, expectTypeOf, test } from 'vitest';
import type { DurableMessage, Effect } from '../../src/index.js';

const folder = new URL('../../src/core/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));

test('there is a core to look at', () => expect(files.length).toBeGreaterThan(25));

for (const name of files) {
  test(`${name} has no clock, timer, promise, disk or network, and imports nothing that has`, () => {
    const source = readFileSync(new URL(name, folder), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    const imports = [...source.matchAll(/from '([^']+)'/g)].map((match) => match[1]!);
    expect(imports.filter((from) => !from.startsWith('./') && from !== '@commitlog/runtime')).toEqual([]);
    expect(source).not.toMatch(
      /\b(Date\.now|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|async|await|Promise)\b/,
    );
    expect(source.split('\n').length).toBeLessThan(400);
  });
}

test('a message that speaks of the disk cannot be sent by the plain send effect', () => {
  type Sent = Extract<Effect, { kind: 'send' }>['message']['kind'];
  expectTypeOf<Extract<Sent, DurableMessage['kind']>>().toEqualTypeOf<never>();
});
