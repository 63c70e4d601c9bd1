import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  adminV1,
  errorTable,
  limitsDefault,
  logV1,
  type MethodDefinition,
  membershipV1,
  permissionOf,
  raftV1,
} from '../src/index.js';
import { TestCa } from './certificates.js';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const page = read('../../docs/api.md');

/** The rows of the table below a heading of columns, whole. */
function rowsBelow(columns: string): string[] {
  const [, rest] = page.split(`${columns}\n`);
  return rest!.split('\n\n')[0]!.split('\n').slice(1);
}

describe('the README', () => {
  const readme = read('README.md');
  const example = read('examples/gossip.ts');

  it('has the example word for word, in at most 25 lines', () => {
    expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
    expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(25);
  });

  it('has the example with TLS, and what it prints', async () => {
    expect(readme).toContain(`\`\`\`ts\n${read('examples/tls.ts')}\`\`\``);
    const dir = mkdtempSync(join(tmpdir(), 'commitlog-api-'));
    try {
      const ca = await TestCa.create();
      writeFileSync(join(dir, 'ca.crt'), ca.pem);
      for (const name of ['server', 'n2', 'alice']) {
        const { cert, key } = await ca.issue(name);
        writeFileSync(join(dir, `${name}.crt`), cert);
        writeFileSync(join(dir, `${name}.key`), key, { mode: 0o600 });
      }
      const args = ['--conditions=@commitlog/source', '--import', 'tsx', 'examples/tls.ts', dir];
      const printed = execFileSync(process.execPath, args, { cwd: packageDirectory, encoding: 'utf8' });
      expect(readme).toContain(`\`\`\`\n${printed}\`\`\``);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('has what the example prints', () => {
    const args = ['--conditions=@commitlog/source', '--import', 'tsx', 'examples/gossip.ts'];
    const printed = execFileSync(process.execPath, args, { cwd: packageDirectory, encoding: 'utf8' });
    expect(readme).toContain(`\`\`\`\n${printed}\`\`\``);
  });
});

describe('the page about the API', () => {
  it('has every method, and its permission', () => {
    const { LogDefinition } = logV1;
    const { AdminServiceDefinition } = adminV1;
    const peers = [raftV1.RaftServiceDefinition, membershipV1.MembershipServiceDefinition];
    const kindOf = ({ requestStream, responseStream }: MethodDefinition): string =>
      requestStream ? 'stream both ways' : responseStream ? 'stream of answers' : 'call';
    const rows = [LogDefinition, AdminServiceDefinition, ...peers].flatMap(({ fullName, methods }) =>
      Object.values<MethodDefinition>(methods).map(
        (method) => `| \`${fullName}/${method.name}\` | ${kindOf(method)} | \`${permissionOf(method)}\` |`,
      ),
    );
    expect(rowsBelow('| method | kind | permission |')).toEqual(rows);
  });

  it('has every error', () => {
    const rows = Object.entries(errorTable).map(
      ([code, { grpc, retry, meaning }]) => `| \`${code}\` | \`${grpc}\` | ${retry} | ${meaning} |`,
    );
    expect(rowsBelow('| reason | gRPC code | retry | meaning |')).toEqual(rows);
  });

  it('has every limit', () => {
    const expected = Object.entries(limitsDefault).map(([name, value]) => [name, value.toLocaleString('en-US')]);
    const found = rowsBelow('| limit | default | beyond it |').map((row) =>
      /^\| `(\w+)` \| ([\d,]+) /.exec(row)?.slice(1),
    );
    expect(found).toEqual(expected);
  });

  it('names files that exist', () => {
    const named = [...page.matchAll(/\]\((\.\.\/packages\/[\w./-]+)\)/g)].map(([, path]) => path!);
    expect(named.length).toBeGreaterThan(8);
    for (const path of named)
      expect([path, existsSync(new URL(`../../../docs/${path}`, import.meta.url))]).toEqual([path, true]);
  });
});
