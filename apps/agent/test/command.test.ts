import { describe, expect, it } from 'vitest';
import { run } from '../src/command.js';
import type { Configuration } from '../src/index.js';

async function called(
  args: readonly string[],
  more: { env?: Record<string, string>; files?: Record<string, string> } = {},
) {
  const written = { out: '', err: '' };
  let served: Configuration | undefined;
  const status = await run(args, {
    environment: more.env ?? {},
    commandName: 'commitlog-agent',
    version: '1.2.3',
    readFile: (path) => {
      const content = more.files?.[path];
      if (content === undefined) throw new Error(`no such file: ${path}`);
      return content;
    },
    out: (text) => {
      written.out += text;
    },
    err: (text) => {
      written.err += text;
    },
    serve: async (configuration) => {
      served = configuration;
      return 0;
    },
  });
  return { status, ...written, served };
}

const insecure = ['--insecure', '--node-id', 'n1'];
const yaml = 'retention:\n  max-age: 7 d\ntarget-voters: 5\n';

describe('the command', () => {
  it('given settings that hold together, then it serves with them', async () => {
    const { status, served } = await called([...insecure, '--config', 'a.yaml'], { files: { 'a.yaml': yaml } });
    expect(status).toBe(0);
    expect(served).toMatchObject({ 'node-id': 'n1', 'retention.max-age': 604_800_000, 'target-voters': 5 });
  });

  it('given `config show`, then each value has its origin, and nothing is served', async () => {
    const env = { COMMITLOG_TARGET_VOTERS: '1', COMMITLOG_CONFIG: 'a.yaml' };
    const { status, out, served } = await called(['config', 'show', ...insecure], { env, files: { 'a.yaml': yaml } });
    expect([status, served]).toEqual([0, undefined]);
    expect(out).toMatch(/^target-voters +1 +COMMITLOG_TARGET_VOTERS$/m);
    expect(out).toMatch(/^retention\.max-age +7 d +a\.yaml:2$/m);
    expect(out).toMatch(/^data-dir +data +default$/m);
    const { out: json } = await called(['config', 'show', '--json', ...insecure]);
    expect(JSON.parse(json).settings).toContainEqual({ path: 'node-id', value: 'n1', origin: '--node-id' });
  });

  it.each([
    [['--colour', 'red'], /--colour/],
    [['--config', 'missing.yaml'], /missing\.yaml cannot be read/],
    [['--config'], /expected the path/],
    [['config', 'shwo'], /config/],
  ])('given %j, then that is wrong usage, told in words', async (args, message) => {
    const { status, err, served } = await called([...args]);
    expect([status, served]).toEqual([2, undefined]);
    expect(err).toMatch(message);
  });

  it('given --help, then every setting is named in the forms that it has', async () => {
    const { out } = await called(['--help']);
    expect(out).toMatch(/--retention-max-age +COMMITLOG_RETENTION_MAX_AGE +how long records are kept/);
    expect(out).toMatch(/--admin-addr .*\(127\.0\.0\.1:7655\)/);
  });
});
