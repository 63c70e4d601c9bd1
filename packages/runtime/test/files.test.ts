import { expect, test } from 'vitest';
import { hasErrorCode, LockedError } from '../src/index.js';

test('an error is known by its code, and only an error', () => {
  const full = Object.assign(new Error('full'), { code: 'ENOSPC' });
  expect(hasErrorCode(full, 'EIO', 'ENOSPC')).toBe(true);
  expect(hasErrorCode(full, 'EIO')).toBe(false);
  expect(hasErrorCode(new Error('ENOSPC'), 'ENOSPC')).toBe(false);
  expect(hasErrorCode({ code: 'ENOSPC' }, 'ENOSPC')).toBe(false);
  expect(hasErrorCode(undefined, 'ENOSPC')).toBe(false);
});

test('a refused lock says which directory, who has it and what to do', () => {
  const error = new LockedError('/data', 'process 4711');
  expect(hasErrorCode(error, 'LOCKED')).toBe(true);
  expect(error).toMatchObject({ name: 'LockedError', directory: '/data', holder: 'process 4711' });
  expect(error.message).toBe('/data is in use by process 4711: stop it first, or use another directory');
});
