import { SeededRandom, SimulatedDisk } from '@commitlog/simulation';
import { describe, expect, it } from 'vitest';
import { KeyringFile, keyIdOf } from '../../src/peers/keyring-file.js';

const [one, two] = ['11'.repeat(32), '22'.repeat(32)];
const path = '/keys/ring';

async function write(disk: SimulatedDisk, content: string, mode = 0o600): Promise<void> {
  await disk.files.makeDirectory('/keys');
  await disk.files.remove(path).catch(() => {});
  const file = await disk.files.open(path, 'create', mode);
  file.write([Buffer.from(content)], 0);
  await file.close();
}

const secretOf = (file: KeyringFile): string => Buffer.from(file.keyring.primary.secret).toString('hex');

describe('the keyring of gossip', () => {
  it('given a rotation in three steps, then the file says what is sealed with, and what is opened', async () => {
    const disk = new SimulatedDisk();
    await write(disk, `# of 2026\n${one}\n`);
    const file = await KeyringFile.open(path, disk);
    for (const [content, primary, size] of [
      [`${one}\n${two}\n`, one, 2],
      [`${two}\n${one}\n`, two, 2],
      [`${two} # the only one\n`, two, 1],
    ] as const) {
      await write(disk, content);
      await file.reload();
      expect([secretOf(file), file.keyring.size]).toEqual([primary, size]);
    }
  });

  it.each([
    ['no key', '# nothing\n', 0o600],
    ['a key that is too short', `${one.slice(2)}\n`, 0o600],
    ['something else', `${one}\nkey two\n`, 0o600],
    ['a file that others may read', one, 0o644],
  ])('given %s, then it is refused, and what was there goes on', async (_, content, mode) => {
    const disk = new SimulatedDisk();
    await write(disk, one);
    const file = await KeyringFile.open(path, disk);
    await write(disk, content, mode);
    await expect(file.reload()).rejects.toMatchObject({ code: 'settings' });
    await expect(KeyringFile.open(path, disk)).rejects.toMatchObject({ code: 'settings' });
    expect(secretOf(file)).toBe(one);
  });
});

describe('the keyring of gossip, changed by calls', () => {
  const keyOf = (hex: string): Buffer => Buffer.from(hex, 'hex');
  const [idOfOne, idOfTwo] = [one, two].map((key) => keyIdOf(keyOf(key))) as [string, string];

  async function contentOf(disk: SimulatedDisk): Promise<string> {
    const file = await disk.files.open(path, 'read');
    const bytes = Buffer.alloc(await file.size());
    await file.read(bytes, 0);
    expect(await file.permissions()).toBe(0o600);
    await file.close();
    return bytes.toString();
  }

  async function opened(content: string): Promise<{ readonly disk: SimulatedDisk; readonly file: KeyringFile }> {
    const disk = new SimulatedDisk();
    await write(disk, content);
    await disk.files.syncDirectory('/keys');
    return { disk, file: await KeyringFile.open(path, disk) };
  }

  it('given a rotation, then each step is in the file, comments stay, and a node that starts anew has the same keys', async () => {
    const { disk, file } = await opened(`# of 2026\n${one} # old\n`);
    const steps = [
      [{ kind: 'install', key: keyOf(two) }, `# of 2026\n${one} # old\n${two}\n`, one, [idOfOne, idOfTwo]],
      [{ kind: 'use', id: idOfTwo }, `# of 2026\n${two}\n${one} # old\n`, two, [idOfTwo, idOfOne]],
      [{ kind: 'remove', id: idOfOne }, `# of 2026\n${two}\n`, two, [idOfTwo]],
    ] as const;
    for (const [change, content, primary, ids] of steps) {
      // Twice: what is so already is no error.
      for (const _ of [1, 2]) {
        await file.change(change);
        expect(await contentOf(disk)).toBe(content);
        for (const each of [file, await KeyringFile.open(path, disk)]) {
          expect([secretOf(each), each.keyring.size, each.keys]).toEqual([
            primary,
            ids.length,
            { ids, sealing: keyIdOf(keyOf(primary)) },
          ]);
        }
      }
    }
    expect(await disk.files.list('/keys')).toEqual(['ring']);
  });

  it('given changes that are asked for at once, then none of them is lost', async () => {
    const { disk, file } = await opened(one);
    const keys = ['33', '44', '55'].map((byte) => byte.repeat(32));
    await Promise.all(keys.map((key) => file.change({ kind: 'install', key: keyOf(key) })));
    expect(await contentOf(disk)).toBe(`${[one, ...keys].join('\n')}\n`);
  });

  it('given a file that was changed by hand meanwhile, then a call goes on from what it says', async () => {
    const { disk, file } = await opened(one);
    await write(disk, `${two}\n${one}\n`);
    await file.change({ kind: 'remove', id: idOfOne });
    expect([await contentOf(disk), secretOf(file), file.keyring.size]).toEqual([`${two}\n`, two, 1]);
  });

  it.each([
    ['a key that is too short', { kind: 'install', key: new Uint8Array(31) }, 'INVALID_REQUEST'],
    ['the use of an unknown key', { kind: 'use', id: idOfTwo }, 'GOSSIP_KEY_NOT_FOUND'],
    ['the removal of the key to seal with', { kind: 'remove', id: idOfOne }, 'GOSSIP_KEY_IN_USE'],
  ] as const)('given %s, then it is refused, and nothing is changed', async (_, change, code) => {
    const { disk, file } = await opened(one);
    await expect(file.change(change)).rejects.toMatchObject({ code });
    expect([await contentOf(disk), file.keys.ids]).toEqual([one, [idOfOne]]);
  });

  it('given a ninth key, then it is refused, and the file has eight', async () => {
    const { disk, file } = await opened(one);
    const install = (at: number) => file.change({ kind: 'install', key: new Uint8Array(32).fill(at) });
    for (let at = 1; at < 8; at += 1) await install(at);
    await expect(install(9)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION', message: /8 at most/ });
    expect((await contentOf(disk)).split('\n').length).toBe(9);
    expect(file.keyring.size).toBe(8);
  });

  it.each(['open', 'write', 'sync', 'rename'] as const)(
    'given a disk whose %s fails, then it is refused, keys go on as they were, the file is whole, and the next try goes through',
    async (method) => {
      const { disk, file } = await opened(one);
      const failure = disk.inject({ method, code: 'EIO', path: method === 'open' ? `${path}.new` : /ring/ });
      const install = () => file.change({ kind: 'install', key: keyOf(two) });
      await expect(install()).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
      failure.cancel();
      expect([failure.failedCount, await contentOf(disk), file.keys.ids]).toEqual([1, one, [idOfOne]]);
      await install();
      expect(file.keys.ids).toEqual([idOfOne, idOfTwo]);
    },
  );

  it('given a power cut behind a change, then the key is still there', async () => {
    const { disk, file } = await opened(one);
    await file.change({ kind: 'install', key: keyOf(two) });
    disk.cutPower();
    const after = disk.crash('lost', new SeededRandom('keyring'));
    expect((await KeyringFile.open(path, after)).keys.ids).toEqual([idOfOne, idOfTwo]);
  });
});
