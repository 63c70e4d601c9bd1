import { expect, test } from 'vitest';
import { Keyring } from '../../src/index.js';

const key = (value: number): Uint8Array => new Uint8Array(32).fill(value);

test('given a key of another length, then it is refused with what was expected', () => {
  expect(() => new Keyring(new Uint8Array(16))).toThrow('this key must have 32 bytes, got 16');
});

test('given a rotation in the wrong order, then each step that would lose somebody is refused', () => {
  const ring = new Keyring(key(1));
  expect(() => ring.use(key(2))).toThrow('install it first');
  expect(() => ring.remove(key(1))).toThrow('use another first');
  ring.install(key(2));
  ring.use(key(2));
  ring.remove(key(1));
  ring.remove(key(1));
  expect(ring.size).toBe(1);
});

test('given more keys than a keyring holds, then one is too many', () => {
  const ring = new Keyring(key(0), [1, 2, 3, 4, 5, 6, 7].map(key));
  ring.install(key(7));
  expect(() => ring.install(key(8))).toThrow('one too many');
});

test('given a buffer that changes later, then the key does not', () => {
  const secret = key(1);
  const ring = new Keyring(secret);
  const { id } = ring.primary;
  secret.fill(9);
  expect(ring.find(id)!.secret).toEqual(key(1));
});
