import { LogError } from '@commitlog/log';
import { LockedError } from '@commitlog/runtime';
import { expect, it } from 'vitest';
import { fileError } from '../src/errors.js';

const withCode = (code: string): Error => Object.assign(new Error(`${code}: it failed`), { code });

it.each([
  ['ENOSPC', 'no-space', /free some space/i],
  ['EDQUOT', 'no-space', /quota/],
  ['EFBIG', 'no-space', /limit/],
  ['EROFS', 'read-only', /mount it writable/i],
  ['EACCES', 'permission', /owner and the mode/],
  ['EPERM', 'permission', /owner and the mode/],
  ['EMFILE', 'too-many-files', /ulimit -n/],
  ['ENFILE', 'too-many-files', /raise the limit/i],
  ['ENOTDIR', 'wrong-directory', /name a directory/i],
  ['EIO', 'io', /EIO: it failed/],
])('given %s, then the error is %s and says what to do', (code, ours, advice) => {
  const cause = withCode(code);
  const error = fileError(cause, 'write MANIFEST', '/log/MANIFEST');
  expect(error).toBeInstanceOf(LogError);
  expect(error).toMatchObject({ code: ours, path: '/log/MANIFEST', cause, name: 'LogError' });
  expect(error.message).toMatch(/^cannot write MANIFEST \(\/log\/MANIFEST\): /);
  expect(error.message).toMatch(advice);
});

it('given a directory that is locked, then the error names the holder', () => {
  const error = fileError(new LockedError('/log', 'process 4711'), 'lock the directory', '/log');
  expect(error.code).toBe('locked');
  expect(error.message).toContain('process 4711');
});

it('given an error in our words, then it stays the same', () => {
  const ours = new LogError('corrupt', 'it is', { path: '/log' });
  expect(fileError(ours, 'read', '/log')).toBe(ours);
});

it('given something thrown that is no error, then it is said, not lost', () => {
  expect(fileError('oops', 'read', '/log').message).toContain('oops');
});
