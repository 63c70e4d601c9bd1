import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../workspace.mjs';
import { type PlantedTree, plantTree } from './planted-tree.js';

interface Finding {
  readonly filename: string;
  readonly code: string;
  readonly message: string;
  readonly help: string;
}

const oxlint = join(root, 'node_modules/.bin/oxlint');

function lint(tree: PlantedTree): { readonly exitCode: number | null; readonly findings: readonly Finding[] } {
  const { exitCode, output } = tree.run(oxlint, '--disable-nested-config', '--format=json', 'packages', 'apps');
  return { exitCode, findings: (JSON.parse(output) as { diagnostics: Finding[] }).diagnostics };
}

const imports = 'eslint(no-restricted-imports)';
const globals = 'eslint(no-restricted-globals)';
const properties = 'eslint(no-restricted-properties)';
const clock = 'purity(no-clock-reading)';

/** Modules of Node that are pure in some of their functions, or in all of them. */
const pureModules = ['assert', 'assert/strict', 'buffer', 'crypto', 'events', 'path', 'util', 'zlib'];

const worldlyModules = [
  'fs,fs/promises,net,dgram,tls,http,https,http2,dns,dns/promises,os,tty,child_process,worker_threads,cluster',
  'timers,timers/promises,readline,readline/promises,perf_hooks,process,module,vm,v8,inspector,repl,stream,url,wasi',
].flatMap((names) => names.split(','));

/** One line of source for every way to reach the world, and the rule that must catch it. */
const violations: ReadonlyArray<readonly [source: string, rule: string]> = [
  ...worldlyModules.map((name) => [`import 'node:${name}';`, imports] as const),
  ...[...worldlyModules, ...pureModules].map((name) => [`import '${name}';`, imports] as const),
  [`import fs from 'node:fs';`, imports],
  [`import * as fs from 'node:fs';`, imports],
  [`import { readFileSync } from 'node:fs';`, imports],
  [`import type { Stats } from 'node:fs';`, imports],
  [`export { readFileSync } from 'node:fs';`, imports],
  [`export * from 'node:fs';`, imports],
  [`export const fs = import('node:fs');`, imports],
  ...['randomBytes', 'randomUUID', 'randomInt', 'randomFillSync', 'getRandomValues', 'webcrypto'].map(
    (name) => [`import { ${name} } from 'node:crypto';`, imports] as const,
  ),
  [`import crypto from 'node:crypto';`, imports],
  [`import * as crypto from 'node:crypto';`, imports],
  [`import { resolve } from 'node:path';`, imports],
  [`import { posix } from 'node:path';\nexport const here = posix.resolve('.');`, properties],
  [`import { deflate } from 'node:zlib';`, imports],
  ['setTimeout(() => {}, 1);', globals],
  ['setInterval(() => {}, 1);', globals],
  ['setImmediate(() => {});', globals],
  ['export const timer = (id: NodeJS.Timeout) => clearTimeout(id);', globals],
  ['export const timer = (id: NodeJS.Timeout) => clearInterval(id);', globals],
  ['export const timer = (id: NodeJS.Immediate) => clearImmediate(id);', globals],
  ['export const now = performance.now();', globals],
  ['export const bytes = crypto.getRandomValues(new Uint8Array(4));', globals],
  [`export const page = fetch('http://localhost');`, globals],
  [`export const socket = new WebSocket('ws://localhost');`, globals],
  [`export const events = new EventSource('http://localhost');`, globals],
  ['export const { port1 } = new MessageChannel();', globals],
  [`export const channel = new BroadcastChannel('');`, globals],
  ['export const weak = new WeakRef({});', globals],
  ['export const registry = new FinalizationRegistry(() => {});', globals],
  ['export const now = process.hrtime();', globals],
  ['export const now = process.hrtime.bigint();', globals],
  ['export const home = process.env.HOME;', globals],
  ['process.exit(1);', globals],
  [`console.log('');`, globals],
  [`export const fs = require('node:fs');`, globals],
  ['globalThis.setTimeout(() => {}, 1);', globals],
  ['global.setTimeout(() => {}, 1);', globals],
  ['export const now = Date.now();', properties],
  [`export const now = Date['now']();`, properties],
  ['export const { now } = Date;', properties],
  ['export const number = Math.random();', properties],
  ['export const signal = AbortSignal.timeout(1);', properties],
  ['Atomics.wait(new Int32Array(1), 0, 0, 1);', properties],
  ['export const wait = Atomics.waitAsync(new Int32Array(1), 0, 0, 1);', properties],
  ['export const now = new Date();', clock],
  ['export const now = Date();', clock],
];

/** Every message of ours ends in one of these. */
const saysWhatToDo =
  /@commitlog\/runtime|close what you open|only a main|use `import`|call, or await|synchronous functions are pure/;

/** What a pure package may do, in one file. */
const pure = `import assert from 'node:assert';
import { Buffer } from 'node:buffer';
import { createCipheriv, createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { crc32, inflateSync } from 'node:zlib';
export const day = new Date(0).toISOString();
export const half = Math.floor(0.5);
export { assert, Buffer, crc32, createCipheriv, createHash, createPrivateKey, EventEmitter, inflateSync, inspect, join };
export { X509Certificate };
`;

/** What only the exempt may do, in one file. */
const worldly = `import { readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
export const now = [Date.now(), new Date(), performance.now(), process.hrtime()];
export const timer = setTimeout(() => {}, Math.random());
export { randomBytes, readFileSync };
`;

const exempt = [
  'packages/runtime/src/node/clock.ts',
  'packages/api/src/grpc/server.ts',
  'packages/auth/src/grpc/live-credentials.ts',
  'packages/simulation/src/main.ts',
  'packages/log/sim/main.ts',
  'packages/log/test/log.test.ts',
  'packages/log/bench/main.ts',
  'packages/log/examples/append.ts',
  'apps/cli/src/main.ts',
];

const bound = [
  'packages/runtime/src/clock.ts',
  'packages/runtime/src/nodes/clock.ts',
  'packages/api/src/server.ts',
  'packages/auth/src/tls/server-tls.ts',
  'packages/simulation/src/disk/main.ts',
  'packages/simulation/src/disk.ts',
  'packages/log/sim/cluster.ts',
  'packages/log/src/main.ts',
  'packages/log/src/deep/down/file.mts',
  'apps/cli/src/demo.ts',
  'apps/cli/src/demo/main.ts',
];

describe('the purity rules', () => {
  let tree: PlantedTree;
  let result: ReturnType<typeof lint>;
  const fileOf = (violation: number): string => `packages/log/src/violation-${violation}.ts`;
  const findingsIn = (path: string): readonly Finding[] => result.findings.filter(({ filename }) => filename === path);

  beforeAll(() => {
    tree = plantTree();
    for (const [at, [source]] of violations.entries()) tree.write(fileOf(at), `${source}\n`);
    for (const path of [...exempt, ...bound]) tree.write(path, worldly);
    tree.write('packages/log/src/pure.ts', pure);
    tree.write('packages/raft/.oxlintrc.json', '{ "rules": { "no-restricted-properties": "off" } }');
    tree.write('packages/raft/src/loosened.ts', 'export const now = Date.now();\n');
    tree.write('packages/log/src/floating.ts', 'export async function work(): Promise<void> {}\nwork();\n');
    tree.write('packages/log/test/floating.test.ts', 'export async function work(): Promise<void> {}\nwork();\n');
    result = lint(tree);
  });
  afterAll(() => tree.remove());

  it.each(violations.map(([source, rule], at) => ({ source, rule, at })))('catch `$source`', ({ rule, at }) => {
    const found = findingsIn(fileOf(at)).filter(({ code }) => code === rule);
    expect(found).not.toEqual([]);
    for (const { message, help } of found) expect(`${message} ${help}`).toMatch(saysWhatToDo);
  });

  it.each(bound)('hold for %s', (path) => {
    const rules = new Set(findingsIn(path).map(({ code }) => code));
    expect([...rules]).toEqual(expect.arrayContaining([imports, globals, properties, clock]));
  });

  it.each(exempt)('leave %s alone', (path) => {
    expect(findingsIn(path)).toEqual([]);
  });

  it('leave pure functions alone', () => {
    expect(findingsIn('packages/log/src/pure.ts')).toEqual([]);
  });

  it('cannot be loosened by a package', () => {
    expect(findingsIn('packages/raft/src/loosened.ts')).toMatchObject([{ code: properties }]);
  });

  it.each(['packages/log/src/floating.ts', 'packages/log/test/floating.test.ts'])(
    'come with one against a promise that nobody awaits, in %s',
    (path) => {
      expect(findingsIn(path)).toMatchObject([{ code: 'typescript(no-floating-promises)' }]);
    },
  );

  it('fail the run', () => {
    expect(result.exitCode).toBe(1);
  });
});

describe('a tree without violations', () => {
  it('passes', () => {
    const tree = plantTree();
    expect(lint(tree)).toMatchObject({ exitCode: 0, findings: [] });
    tree.remove();
  });
});

describe('a linter that was given no files', () => {
  it('fails', () => {
    const tree = plantTree();
    const { exitCode } = tree.run(oxlint, '--disable-nested-config', '--ignore-pattern=**', 'packages', 'apps');
    expect(exitCode).not.toBe(0);
    tree.remove();
  });
});
