import type { Files } from '@commitlog/runtime';

/** Writes a file of ours, which its owner alone may read. It need not survive a power cut: nor does what it is for. */
export async function replaceFile(path: string, text: string, { files }: { readonly files: Files }): Promise<void> {
  const content = Buffer.from(text);
  const file = await files.open(path, 'create', 0o600).catch(() => files.open(path, 'write'));
  try {
    file.write([content], 0);
    await file.resize(content.length);
  } finally {
    await file.close();
  }
}
