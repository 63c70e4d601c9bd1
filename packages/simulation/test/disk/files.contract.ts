import { type Files, hasErrorCode, LockedError, type OpenFile } from '@commitlog/runtime';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** A fresh, empty directory of the file system under test. */
export interface Ground {
  readonly files: Files;
  readonly directory: string;
  dispose(): Promise<void>;
}

/** What `Files` promises, whoever implements it. */
export function describeFiles(implementation: string, makeGround: () => Promise<Ground>): void {
  describe(`the contract of Files, kept by ${implementation}`, () => {
    let ground: Ground;
    let files: Files;
    const at = (name: string): string => `${ground.directory}/${name}`;

    beforeEach(async () => {
      ground = await makeGround();
      files = ground.files;
    });
    afterEach(() => ground.dispose());

    async function put(name: string, text: string): Promise<void> {
      const file = await files.open(at(name), 'create');
      file.write([bytes(text)], 0);
      await file.close();
    }

    async function get(name: string): Promise<string> {
      const file = await files.open(at(name), 'read');
      const text = await contentOf(file);
      await file.close();
      return text;
    }

    test('`create` wants a free name, `read` and `write` one that is taken', async () => {
      await expectCode(files.open(at('a'), 'read'), 'ENOENT');
      await expectCode(files.open(at('a'), 'write'), 'ENOENT');
      await put('a', 'first');
      await expectCode(files.open(at('a'), 'create'), 'EEXIST');
      const file = await files.open(at('a'), 'write');
      file.write([bytes('F')], 0);
      await file.close();
      expect(await get('a')).toBe('First');
    });

    test('an absolute path is that of the same file, and one that is absolute stays as it is', async () => {
      await put('a', 'text');
      const path = files.absolute(`${ground.directory}/./missing/../a`);
      expect(path).toBe(at('a'));
      expect(files.absolute('a')).toMatch(/^\/.*a$/);
      expect(files.absolute(path)).toBe(path);
    });

    test('a file is made with the permissions that were asked for, and opening it changes none', async () => {
      const secret = await files.open(at('secret'), 'create', 0o600);
      expect(await secret.permissions()).toBe(0o600);
      await secret.close();
      await put('usual', '');
      const usual = await files.open(at('usual'), 'read', 0o400);
      expect((await usual.permissions()) & 0o700).toBe(0o600);
      await usual.close();
    });

    test('a file opened to read refuses to be changed', async () => {
      await put('a', 'text');
      const file = await files.open(at('a'), 'read');
      expect(codeOf(() => file.write([bytes('x')], 0))).toBe('EBADF');
      await expectCode(file.resize(0), 'EINVAL', 'EBADF');
      await file.close();
      expect(await get('a')).toBe('text');
    });

    test('a path through something that is missing, or is no directory, leads nowhere', async () => {
      await put('file', '');
      await expectCode(files.open(at('missing/a'), 'create'), 'ENOENT');
      await expectCode(files.open(at('file/a'), 'create'), 'ENOTDIR');
      await expectCode(files.list(at('missing')), 'ENOENT');
      await expectCode(files.list(at('file')), 'ENOTDIR');
      await expectCode(files.syncDirectory(at('missing')), 'ENOENT');
      await expectCode(files.open(ground.directory, 'write'), 'EISDIR');
    });

    test('buffers are written one behind the other, and are the caller’s again on return', async () => {
      const file = await files.open(at('a'), 'create');
      const reused = bytes('cd');
      file.write([bytes('ab'), new Uint8Array(0), reused], 0);
      reused.fill(0);
      file.write([], 1);
      file.write([new Uint8Array(0)], 100);
      expect(await contentOf(file)).toBe('abcd');
      await file.close();
    });

    test('a write overlaps, appends, or leaves a hole of zeros', async () => {
      const file = await files.open(at('a'), 'create');
      file.write([bytes('abcdef')], 0);
      file.write([bytes('XYZ')], 4);
      expect(await contentOf(file)).toBe('abcdXYZ');
      file.write([bytes('!')], 10_000);
      expect(await file.size()).toBe(10_001);
      const hole = new Uint8Array(9_993).fill(1);
      expect(await file.read(hole, 7)).toBe(9_993);
      expect(hole.every((byte) => byte === 0)).toBe(true);
      await file.close();
    });

    test('a read fills what there is: all of it, less at the end, nothing behind', async () => {
      await put('a', '0123456789');
      const file = await files.open(at('a'), 'read');
      const into = bytes('........');
      expect(await file.read(into.subarray(0, 4), 3)).toBe(4);
      expect(text(into)).toBe('3456....');
      expect(await file.read(into, 8)).toBe(2);
      expect(text(into)).toBe('8956....');
      expect(await file.read(into, 10)).toBe(0);
      expect(await file.read(into, 1_000)).toBe(0);
      expect(await file.read(new Uint8Array(0), 0)).toBe(0);
      await file.close();
    });

    test('a file is cut, and lengthened with zeros even where it had bytes before', async () => {
      const file = await files.open(at('a'), 'create');
      file.write([new Uint8Array(9_000).fill(7)], 0);
      await file.resize(5_000);
      await file.resize(9_000);
      const into = new Uint8Array(9_000);
      expect(await file.read(into, 0)).toBe(9_000);
      expect(into.subarray(0, 5_000).every((byte) => byte === 7)).toBe(true);
      expect(into.subarray(5_000).every((byte) => byte === 0)).toBe(true);
      await file.resize(0);
      expect(await file.size()).toBe(0);
      await file.close();
    });

    test('names are listed in the order of their code units, directories among them', async () => {
      for (const name of ['b', 'a', 'Z', '10', '9', 'ä', '\u{1f600}']) await put(name, '');
      await files.makeDirectory(at('dir'));
      expect(await files.list(ground.directory)).toEqual(['10', '9', 'Z', 'a', 'b', 'dir', 'ä', '\u{1f600}']);
    });

    test('directories are made with those above them, and one that exists is left as it is', async () => {
      await files.makeDirectory(at('x/y/z'));
      await put('x/y/file', 'kept');
      await files.makeDirectory(at('x/y/z'));
      await files.makeDirectory(at('x/y'));
      expect(await files.list(at('x/y'))).toEqual(['file', 'z']);
      await expectCode(files.makeDirectory(at('x/y/file')), 'EEXIST');
      await expectCode(files.makeDirectory(at('x/y/file/below')), 'ENOTDIR');
    });

    test('a rename replaces what had the name, and moves between directories', async () => {
      await put('new', 'new');
      await put('old', 'old');
      await files.rename(at('new'), at('old'));
      expect(await files.list(ground.directory)).toEqual(['old']);
      expect(await get('old')).toBe('new');
      await files.rename(at('old'), at('old'));
      await files.makeDirectory(at('sub'));
      await files.rename(at('old'), at('sub/moved'));
      expect(await get('sub/moved')).toBe('new');
      await expectCode(files.rename(at('old'), at('other')), 'ENOENT');
      await expectCode(files.rename(at('sub/moved'), at('missing/x')), 'ENOENT');
      await files.makeDirectory(at('taken'));
      await expectCode(files.rename(at('sub/moved'), at('taken')), 'EISDIR');
    });

    test('an open file outlives its name, and a new file of that name is another', async () => {
      await put('a', 'old');
      const open = await files.open(at('a'), 'write');
      await files.remove(at('a'));
      await expectCode(files.remove(at('a')), 'ENOENT');
      await put('a', 'new');
      open.write([bytes('er')], 3);
      await open.sync();
      expect(await contentOf(open)).toBe('older');
      expect(await get('a')).toBe('new');
      await open.close();
    });

    test('a handle follows its file through a rename', async () => {
      const file = await files.open(at('a'), 'create');
      await files.rename(at('a'), at('b'));
      file.write([bytes('followed')], 0);
      await file.close();
      expect(await get('b')).toBe('followed');
    });

    test('a closed handle does nothing more, and closing it again is no error', async () => {
      const file = await files.open(at('a'), 'create');
      await file.close();
      await file.close();
      // A descriptor's number is given out again: what this handle did now would happen to another file.
      const other = await files.open(at('other'), 'create');
      expect(codeOf(() => file.write([bytes('x')], 0))).toBe('EBADF');
      await expectCode(file.read(new Uint8Array(1), 0), 'EBADF');
      await expectCode(file.size(), 'EBADF');
      await expectCode(file.resize(1), 'EBADF');
      await expectCode(file.sync(), 'EBADF');
      expect(await other.size()).toBe(0);
      await other.close();
    });

    test('positions that no file has are refused', async () => {
      await put('a', 'text');
      const file = await files.open(at('a'), 'write');
      for (const position of [-1, 0.5, Number.NaN, 2 ** 53]) {
        expect(codeOf(() => file.write([bytes('x')], position))).toBe('EINVAL');
        await expectCode(file.read(new Uint8Array(1), position), 'EINVAL');
        await expectCode(file.resize(position), 'EINVAL');
      }
      expect(await contentOf(file)).toBe('text');
      await file.close();
    });

    test('syncing changes nothing that a reader sees', async () => {
      const file = await files.open(at('a'), 'create');
      file.write([bytes('text')], 0);
      await file.sync();
      await files.syncDirectory(ground.directory);
      expect(await contentOf(file)).toBe('text');
      expect(await files.list(ground.directory)).toEqual(['a']);
      await file.close();
    });

    test('a directory has one owner at a time', async () => {
      const lock = await files.lock(ground.directory);
      await expect(files.lock(ground.directory)).rejects.toThrow(LockedError);
      await files.makeDirectory(at('other'));
      const other = await files.lock(at('other'));
      await lock.release();
      await lock.release();
      const next = await files.lock(ground.directory);
      // A release that comes twice must not take the lock from the next owner.
      await lock.release();
      await expect(files.lock(ground.directory)).rejects.toThrow(ground.directory);
      await next.release();
      await other.release();
      await expectCode(files.lock(at('missing')), 'ENOENT');
    });
  });
}

const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);
const text = (content: Uint8Array): string => new TextDecoder().decode(content);

async function contentOf(file: OpenFile): Promise<string> {
  const into = new Uint8Array(await file.size());
  await file.read(into, 0);
  return text(into);
}

async function expectCode(promise: Promise<unknown>, ...codes: readonly string[]): Promise<void> {
  const error = await promise.then(
    () => 'no error',
    (thrown: unknown) => thrown,
  );
  expect(hasErrorCode(error, ...codes), `expected ${codes.join(' or ')}, got ${error}`).toBe(true);
}

function codeOf(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
  return undefined;
}
