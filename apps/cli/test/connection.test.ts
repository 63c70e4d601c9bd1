import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { type Connection, type ConnectionOptions, connectionOf, withConnection } from '../src/connection.js';
import type { Invocation } from '../src/invocation.js';

/** What a command line and an environment say together. */
function connection(typed: string, environment: Record<string, string> = {}): Connection {
  const command = withConnection(new Command().exitOverride()).configureOutput({ writeErr: () => {} });
  const options = command.parse(typed.split(' ').filter(Boolean), { from: 'user' }).opts<ConnectionOptions>();
  const invocation = { world: { environment }, pathOf: (path: string) => `/here/${path}` };
  return connectionOf(options, invocation as Invocation);
}

const files = '--tls-ca ca.crt --tls-cert me.crt --tls-key me.key';
const exported = { COMMITLOG_TLS_CA: 'ca.crt', COMMITLOG_TLS_CERT: 'me.crt', COMMITLOG_TLS_KEY: 'me.key' };
const tls = { ca: '/here/ca.crt', cert: '/here/me.crt', key: '/here/me.key' };

describe('how a cluster is reached', () => {
  it('by mutual TLS, from flags or from the environment, with defaults for all else', () => {
    const expected = { servers: ['127.0.0.1:7654'], deadlineMs: 10_000, tls };
    expect(connection(files)).toEqual(expected);
    expect(connection('', exported)).toEqual(expected);
  });

  it('a flag counts before the environment', () => {
    const environment = { COMMITLOG_SERVERS: 'a:1', COMMITLOG_DEADLINE: '2 s', COMMITLOG_INSECURE: 'true' };
    expect(connection('', environment)).toEqual({ servers: ['a:1'], deadlineMs: 2000 });
    expect(connection('--servers b:2,[::1]:3 --deadline 50ms', environment)).toEqual({
      servers: ['b:2', '[::1]:3'],
      deadlineMs: 50,
    });
    expect(connection(files, environment).tls).toEqual(tls);
    expect(connection('--insecure', exported).tls).toBeUndefined();
  });

  it.each([
    ['nothing said', '', {}, /^--tls-ca, --tls-cert, --tls-key are missing: .*--insecure/],
    ['a part of it', '--tls-ca ca.crt --tls-cert me.crt', {}, /^--tls-key is missing/],
    ['both ways, by flags', `--insecure ${files}`, {}, /^--insecure and --tls-ca contradict each other/],
    ['both ways, exported', '', { ...exported, COMMITLOG_INSECURE: '1' }, /^COMMITLOG_INSECURE and COMMITLOG_TLS/],
    ['an odd variable', '--insecure', { COMMITLOG_SERVERS: 'a' }, /^COMMITLOG_SERVERS is "a". Expected host:port/],
    [
      'an odd time',
      '--insecure',
      { COMMITLOG_DEADLINE: '1 week' },
      /^COMMITLOG_DEADLINE is "1 week". Expected such as/,
    ],
  ])('%s is refused, with what to do', (_, typed, environment, message) => {
    expect(() => connection(typed, environment as Record<string, string>)).toThrow(message);
  });

  it.each([['--servers a'], ['--servers a:0'], ['--servers a:1,'], ['--deadline 0'], ['--deadline 3x']])(
    '%s is wrong usage',
    (typed) => {
      expect(() => connection(`${typed} --insecure`)).toThrow(/^error: option .* argument .* is invalid\. Expected/);
    },
  );
});
