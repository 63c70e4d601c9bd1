import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openLog } from '@commitlog/log';
import { encodeBatch } from '@commitlog/record';
import { SimulatedClock, SimulatedDisk } from '@commitlog/simulation';
import { describe, expect, it } from 'vitest';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const readme = read('README.md');
const example = read('examples/append-and-read.ts');
const format = read('../../docs/log-format.md');

describe('the README', () => {
  it('has the example word for word, in at most 25 lines', () => {
    expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
    expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(25);
  });

  it('has what the example prints', () => {
    const args = ['--conditions=@commitlog/source', '--import', 'tsx', 'examples/append-and-read.ts'];
    const printed = execFileSync(process.execPath, args, { cwd: packageDirectory, encoding: 'utf8' });
    expect(readme).toContain(`\`\`\`\n${printed}\`\`\``);
  });

  it('names every setting, and every error code', () => {
    const settings = /export interface LogSettings \{(.*?)\n\}/s.exec(read('src/settings.ts'))![1]!;
    for (const [, name] of settings.matchAll(/^ {2}readonly (\w+)/gm)) expect(readme).toContain(`| \`${name}\` |`);
    const codes = /export type LogErrorCode =(.*?);\n/s.exec(read('src/errors.ts'))![1]!;
    for (const [, code] of codes.matchAll(/^ {2}\| '([\w-]+)'/gm)) expect(readme).toContain(`\`${code}\``);
  });
});

describe('the page about the format', () => {
  it('has the bytes that are written', async () => {
    const disk = new SimulatedDisk();
    const clock = new SimulatedClock({ wallMs: Date.UTC(2026, 0, 1) });
    const settings = { dir: '/log', cluster: '00112233445566778899aabbccddeeff', log: 7, segmentBytes: 4096 };
    const log = await openLog(settings, { files: disk.files, clock });
    const value = Buffer.alloc(2500, 'x');
    await log.append(encodeBatch([{ value }]));
    await log.append(encodeBatch([{ value }]));
    await log.saveHardState({ term: 3, vote: 'node-2', commitHint: 1, storageId: 'f0'.repeat(16) });
    await log.close();

    const bytesOf = (name: string): Buffer => Buffer.from(disk.bytesOf(`/log/${name}`));
    const lines = (name: string, from: number, to: number): string =>
      Array.from({ length: Math.ceil((to - from) / 16) }, (_, row) => {
        const at = from + row * 16;
        return `${String(at).padStart(5)}  ${bytesOf(name)
          .toString('hex', at, at + 16)
          .replace(/..(?!$)/g, '$& ')}\n`;
      }).join('');
    expect(format).toContain(`\`\`\`\n${lines('00000000000000000002-2.log', 0, 80)}\`\`\``);
    expect(format).toContain(`\`\`\`\n${lines('SYNCED', 0, 64)}${lines('SYNCED', 4096, 4160)}\`\`\``);
    expect(format).toContain(`\`\`\`\n${lines('HARDSTATE', 0, 64)}\`\`\``);
    expect(
      bytesOf('HARDSTATE').equals(
        Buffer.concat([
          bytesOf('HARDSTATE').subarray(0, 512),
          Buffer.alloc(3584),
          bytesOf('HARDSTATE').subarray(0, 512),
        ]),
      ),
    ).toBe(true);
    expect(format.replaceAll('\n', '')).toContain(bytesOf('MANIFEST').toString().replaceAll('\n', ''));
  });

  it('names tests that exist', () => {
    const named = [...format.matchAll(/`(packages\/log\/[\w./-]+)`/g)].map(([, path]) => path!);
    expect(named.length).toBeGreaterThan(4);
    for (const path of named)
      expect([path, existsSync(new URL(`../../../${path}`, import.meta.url))]).toEqual([path, true]);
  });
});
