import { SimulatedDisk } from '@commitlog/simulation';
import { describe, expect, it } from 'vitest';
import { KeyringFile } from '../../src/peers/keyring-file.js';

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
