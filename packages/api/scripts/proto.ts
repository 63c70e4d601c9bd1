/**
 * What is made of the `.proto` files, and what must hold of them:
 *
 *   proto.ts generate   writes src/generated anew
 *   proto.ts check      format and lint, no change that breaks a client (against released.binpb), and src/generated up to date
 *   proto.ts accept     declares the files as they are now to be what clients rely on: writes released.binpb
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const home = fileURLToPath(new URL('..', import.meta.url));
const released = 'released.binpb';
const generated = 'src/generated';

function buf(folder: string, ...args: readonly string[]): void {
  execFileSync(join(home, 'node_modules/.bin/buf'), args, { cwd: folder, stdio: 'inherit' });
}

/** Only the services and what they are made of: nobody here reads descriptors by their generated types. */
const unwanted = ['google/protobuf/descriptor.ts', 'commitlog/options'];

function generate(folder: string): void {
  rmSync(join(folder, generated), { recursive: true, force: true });
  for (const template of ['buf.gen.public.yaml', 'buf.gen.peer.yaml']) buf(folder, 'generate', '--template', template);
  for (const path of unwanted) rmSync(join(folder, generated, path), { recursive: true });
  const image = join(folder, generated, 'descriptors.binpb');
  buf(folder, 'build', '--as-file-descriptor-set', '--exclude-source-info', '-o', image);
  const base64 = readFileSync(image).toString('base64');
  rmSync(image);
  const lines = base64.match(/.{1,120}/g)!.map((line) => `  '${line}',`);
  writeFileSync(
    join(folder, generated, 'descriptors.ts'),
    `// Made by scripts/proto.ts. DO NOT EDIT.

/** A google.protobuf.FileDescriptorSet of all .proto files and what they import, in base64. */
export const descriptorSetBase64: string = [
${lines.join('\n')}
].join('');
`,
  );
}

/** Every file below a folder, and its text. */
function filesIn(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.sort().map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]));
}

/** Generates in a copy, and tells which files differ from those that are here. */
function staleFiles(): string[] {
  const copy = mkdtempSync(join(tmpdir(), 'commitlog-proto-'));
  try {
    for (const path of readdirSync(home)) {
      if (path === 'proto' || path.startsWith('buf.')) cpSync(join(home, path), join(copy, path), { recursive: true });
    }
    symlinkSync(join(home, 'node_modules'), join(copy, 'node_modules'));
    generate(copy);
    const [expected, found] = [filesIn(join(copy, generated)), filesIn(join(home, generated))];
    return [...new Set([...expected.keys(), ...found.keys()])].filter((path) => expected.get(path) !== found.get(path));
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function check(): void {
  buf(home, 'format', '--diff', '--exit-code');
  buf(home, 'lint');
  buf(home, 'breaking', '--against', released);
  const stale = staleFiles();
  for (const path of stale) console.error(`${generated}/${path} is not what the .proto files give: run proto:generate`);
  if (stale.length > 0) process.exitCode = 1;
  else console.log('proto: formatted, linted, breaks nobody, and the generated code is up to date');
}

const commands: Record<string, () => void> = {
  generate: () => generate(home),
  check,
  accept: () => buf(home, 'build', '-o', released, '--exclude-source-info'),
};
const command = commands[process.argv[2] ?? ''];
if (command === undefined) throw new Error(`usage: proto.ts ${Object.keys(commands).join('|')}`);
try {
  command();
} catch (error) {
  // buf has said on standard error what is wrong.
  if (!(error instanceof Error && 'status' in error)) throw error;
  process.exitCode = 1;
}
