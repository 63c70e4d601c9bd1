import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ConfigurationError, readConfiguration } from '@commitlog/agent';
import { freePorts } from '@commitlog/runtime/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { packageDirectory, program, scratch, typed } from './command-line.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = ['apps/cli/README.md', 'docs/operations.md'];

/** The lines that begin with `commitlog`, from the blocks of shell, as words. */
function commandLines(page: string): string[][] {
  const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block!);
  const lines = blocks
    .join('')
    .split('\n')
    .filter((line) => line.startsWith('commitlog '));
  return lines.map((line) =>
    line
      .replace(/ 2>\S+ &$/, '')
      .split(' ')
      .slice(1),
  );
}

/** What is written as `commitlog …` within a sentence or a table, without what stands for something else. */
function commandsInText(page: string): string[][] {
  const named = [...page.matchAll(/`commitlog ([^`]+)`/g)].map(([, words]) => words!.split(' '));
  return named
    .map((words) => words.filter((word) => /^(--)?[a-z][a-z-]*$/.test(word)))
    .filter(({ length }) => length > 0);
}

describe.each(pages)('%s', (page) => {
  const commands = [...commandLines(read(page)), ...commandsInText(read(page))];
  const ours = [
    ...new Map(
      commands
        .filter(([first]) => first !== 'agent' && !first!.startsWith('-'))
        .map((words) => [words.join(' '), words]),
    ).values(),
  ];

  it('names commands and flags that there are', async () => {
    expect(ours.length).toBeGreaterThan(10);
    for (const words of ours) {
      const path = words.slice(
        0,
        ['demo', 'errors', 'produce', 'consume', 'tail', 'timeline'].includes(words[0]!) ? 1 : 2,
      );
      const { status, out } = await typed([...path, '--help']);
      expect([words.join(' '), status]).toEqual([words.join(' '), 0]);
      expect(out).toContain(`Usage: commitlog ${path.join(' ')}`);
      // The commands of `config` take the flags of the agent, which are tried below.
      if (words[0] === 'config') continue;
      for (const flag of words.filter((word) => word.startsWith('--'))) expect(out).toContain(flag);
    }
  });

  it('runs agents with settings that there are', async () => {
    for (const [, ...args] of commandLines(read(page)).filter(([first]) => first === 'agent' || first === 'config')) {
      const flags = args.filter((arg, at) => !(at === 0 && !arg.startsWith('-')));
      const readFile = (): string => 'insecure: true\nnode-id: n1\n';
      const problems = await readConfiguration(flags, { environment: {}, readFile }).then(
        () => [],
        (error: ConfigurationError) => error.problems.map(({ path }) => path),
      );
      expect(problems).toEqual([]);
    }
  });
});

it('the configuration of docs/operations.md is one', async () => {
  const { dir } = await scratch();
  const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(read('docs/operations.md'))!;
  await writeFile(join(dir, 'n1.yaml'), yaml!);
  const { status, out } = await typed(['config', 'show', '--config', 'n1.yaml'], { cwd: dir });
  expect(status).toBe(0);
  expect(out).toMatch(/^ {2}retention\.max-age +30 d +n1\.yaml:\d+$/m);
});

/** Votes are given sooner, and a machine that is busy with other tests is no reason to elect anew. */
const patient = {
  COMMITLOG_VOTER_STABLE_FOR: '100ms',
  COMMITLOG_GOSSIP_PROFILE: 'local',
  COMMITLOG_RAFT_ELECTION_TIMEOUT: '5s',
};

it('the README’s cluster of three comes to be, from nothing, by the lines that it shows', async () => {
  const script = read('apps/cli/examples/three-nodes.sh');
  expect(read('apps/cli/README.md')).toContain(`\`\`\`sh\n${script}\`\`\``);
  const lines = script.trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(8);

  const { dir } = await scratch();
  // Other ports, and the command from its sources: nothing else is different.
  let started = lines.slice(0, -1).join('\n');
  const named = [...new Set(script.match(/\b76[5-7][45]\b/g))];
  const [firstPort, adminPort, ...others] = await freePorts(2 + named.length);
  const ports = new Map(named.map((port, at) => [port, others[at]!]));
  for (const [port, free] of ports) started = started.replaceAll(`127.0.0.1:${port}`, `127.0.0.1:${free}`);
  const first = `127.0.0.1:${firstPort}`;
  const admin = `127.0.0.1:${adminPort}`;
  started = started
    .replaceAll(`--join 127.0.0.1:${ports.get('7654')}`, `--join ${first}`)
    .replace('--bootstrap', `--bootstrap --listen ${first} --admin-addr ${admin}`);
  const command = [process.execPath, `${packageDirectory}${program}`, '-C', dir];
  const shell = `commitlog() { (cd ${packageDirectory} && exec ${command.map((word) => `'${word}'`).join(' ')} "$@"); }\n${started}\nwait\n`;
  const child = spawn('sh', ['-c', shell], {
    cwd: dir,
    env: { ...process.env, ...patient },
    detached: true,
    stdio: 'ignore',
  });
  onTestFinished(async () => {
    process.kill(-child.pid!, 'SIGKILL');
    await once(child, 'close');
  });

  const asked = lines.at(-1)!.split(' ').slice(1);
  const status = () => typed([...asked, '--servers', first, '--deadline', '2s'], { cwd: dir });
  await expect
    .poll(async () => (await status()).out, { timeout: 80_000, interval: 200 })
    .toMatch(/^All 3 voters are up: one more node may be lost/);
  expect((await status()).status).toBe(0);
}, 90_000);
