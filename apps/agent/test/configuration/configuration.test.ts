import { describe, expect, it } from 'vitest';
import { type ConfigurationError, type ConfigurationSources, resolveConfiguration } from '../../src/index.js';

const insecure = ['--insecure', '--node-id', 'n1'];

function problemsOf(sources: ConfigurationSources): readonly string[] {
  try {
    resolveConfiguration(sources);
  } catch (error) {
    return (error as ConfigurationError).message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
}

function yaml(content: string) {
  return { content, name: 'agent.yaml' };
}

describe('resolveConfiguration', () => {
  it('given one setting in every source, then the flag counts, then the environment, then the file, then the default', () => {
    const flags = [...insecure, '--target-voters', '5'];
    const environment = { COMMITLOG_TARGET_VOTERS: '1', COMMITLOG_RETENTION_MAX_AGE: '2 d' };
    const file = yaml('target-voters: 3\nretention:\n  max-age: 1 d\n  max-bytes: 10 GiB\n');
    const { configuration, shown } = resolveConfiguration({ flags, environment, file });
    expect(configuration).toMatchObject({
      'target-voters': 5,
      'retention.max-age': 2 * 86_400_000,
      'retention.max-bytes': 10 * 2 ** 30,
      'segment.max-bytes': 2 ** 30,
    });
    expect(Object.fromEntries(shown.map(({ path, value, origin }) => [path, `${value} from ${origin}`]))).toMatchObject(
      {
        'target-voters': '5 from --target-voters',
        'retention.max-age': '2 d from COMMITLOG_RETENTION_MAX_AGE',
        'retention.max-bytes': '10 GiB from agent.yaml:4',
        'segment.max-bytes': '1 GiB from default',
      },
    );
  });

  it('given addresses, then names, IPv4 and IPv6 are taken, from a list and from text', () => {
    const flags = [...insecure, '--listen=[::1]:7000', '--join', 'a.example:1, 10.0.0.2:2'];
    expect(resolveConfiguration({ flags }).configuration).toMatchObject({
      listen: { host: '::1', port: 7000 },
      join: [
        { host: 'a.example', port: 1 },
        { host: '10.0.0.2', port: 2 },
      ],
    });
    const file = yaml('join: ["[fe80::1]:3", b:4]');
    expect(resolveConfiguration({ flags: insecure, file }).configuration.join).toEqual([
      { host: 'fe80::1', port: 3 },
      { host: 'b', port: 4 },
    ]);
  });

  it('given origins of pages, then they are taken as browsers send them, and in no other form', () => {
    const origins = ['https://ops.example', 'http://10.0.0.2:7655', 'http://[::1]:7655'];
    const flags = [...insecure, '--timeline-origins', origins.join(', ')];
    expect(resolveConfiguration({ flags }).configuration['timeline.origins']).toEqual(origins);
    for (const written of [
      '*',
      'ops.example',
      'https://ops.example/',
      'https://Ops.example',
      'ws://a',
      'null',
      'http://a;b',
    ]) {
      expect(problemsOf({ flags: insecure, file: yaml(`timeline:\n  origins: ["${written}"]`) })).toEqual([
        expect.stringMatching(/^timeline\.origins \(agent\.yaml:2\): expected https:\/\/host, or http:/),
      ]);
    }
  });

  it('given many mistakes, then all are told at once, each with its path, its value and where it came from', () => {
    const problems = problemsOf({
      flags: ['--insecure', '--node-id', '..', '--frobnicate', '--listen', '0.0.0.0:7000'],
      environment: { COMMITLOG_TARGET_VOTERS: '4', COMMITLOG_RETENTON_MAX_AGE: '1 d', PATH: '/bin' },
      file: yaml('log-level: loud\nsegment:\n  max-bytes: 10 parsecs\n  colour: red\nbootstrap: maybe\n'),
    });
    expect(problems).toEqual([
      "--frobnicate (the command line): expected a flag of --help, got '--frobnicate'",
      "COMMITLOG_RETENTON_MAX_AGE (the environment): expected a variable that --help names, got '1 d'",
      "segment.colour (agent.yaml:4): expected the path of a setting that --help names, got 'red'",
      'node-id (--node-id): expected 1 to 64 letters, digits, ".", "_" or "-", got \'..\'',
      "bootstrap (agent.yaml:5): expected true or false, got 'maybe'",
      "target-voters (COMMITLOG_TARGET_VOTERS): expected 1, 3 or 5, got '4'",
      `segment.max-bytes (agent.yaml:3): expected 1048576 to 2147483648 bytes, such as "512 MiB", in one of the units B, kB, MB, GB, TB, KiB, MiB, GiB, TiB, got '10 parsecs'`,
      "log-level (agent.yaml:1): expected one of debug, info, warn, error, got 'loud'",
      "listen (--listen): expected a loopback address, such as 127.0.0.1: insecure runs nowhere else, got '0.0.0.0:7000'",
    ]);
  });

  it.each([
    ['a file that is no YAML', 'a: [', /agent\.yaml:\d+: expected YAML/],
    ['a file that is a list', '- a\n- b', /agent\.yaml:1: expected settings, each as "path: value"/],
    ['a value where settings are', 'tls: yes', /tls \(agent\.yaml:1\): expected settings below it, got 'yes'/],
    ['settings where a value is', 'listen:\n  port: 3', /listen \(agent\.yaml:1\): expected host:port/],
    [
      'a number too large',
      'segment: {max-bytes: 99999999999}',
      /expected 1048576 to 2147483648 bytes.*got 99999999999/,
    ],
    [
      'a port too large',
      'listen: 127.0.0.1:70000',
      /listen \(agent\.yaml:1\): expected host:port, with a port from 0 to 65535/,
    ],
  ])('given %s, then it is refused in words that help', (_, content, message) => {
    expect(problemsOf({ flags: insecure, file: yaml(content) }).join('\n')).toMatch(message);
  });

  it('given what Kubernetes sets for a service of our name, then nobody minds', () => {
    const environment = {
      COMMITLOG_PORT: 'tcp://10.0.0.1:7654',
      COMMITLOG_SERVICE_HOST: '10.0.0.1',
      COMMITLOG_JOIN: '',
    };
    expect(problemsOf({ flags: insecure, environment })).toEqual([]);
  });

  it('given what the command line is told of a cluster, then nobody minds', () => {
    const environment = {
      COMMITLOG_SERVERS: '127.0.0.1:7654',
      COMMITLOG_DEADLINE: '10s',
      COMMITLOG_OUTPUT: 'json',
    };
    expect(problemsOf({ flags: insecure, environment })).toEqual([]);
  });

  it('given nothing, then it asks for what makes a node safe', () => {
    expect(problemsOf({}).map((problem) => problem.split(' ')[0])).toEqual([
      'tls.ca',
      'tls.cert',
      'tls.key',
      'acl.policy',
    ]);
  });

  it('given TLS and an address that others reach, then it asks for the keys of gossip', () => {
    const flags = [
      '--tls-ca',
      'a',
      '--tls-cert',
      'b',
      '--tls-key',
      'c',
      '--acl-policy',
      'd',
      '--listen',
      '10.0.0.1:7000',
    ];
    expect(problemsOf({ flags })).toEqual([
      'gossip.keyring (nowhere): expected a file: without keys gossip stays on loopback, got nothing',
    ]);
    expect(problemsOf({ flags: [...flags, '--gossip-keyring', 'k'] })).toEqual([]);
  });

  it('given all addresses to listen on, then it asks which one others are to be told', () => {
    const tls = ['--tls-ca', 'a', '--tls-cert', 'b', '--tls-key', 'c', '--acl-policy', 'd', '--gossip-keyring', 'e'];
    const listen = [...tls, '--listen', '0.0.0.0:1'];
    expect(problemsOf({ flags: listen })).toMatchObject([expect.stringMatching(/^advertise .*an IP address/)]);
    expect(problemsOf({ flags: [...listen, '--advertise', 'n1.example:1'] }).length).toBe(1);
    expect(problemsOf({ flags: [...listen, '--advertise', '10.0.0.1:1'] })).toEqual([]);
  });

  it('given a heartbeat that is slower than elections allow, then it says how fast it must be', () => {
    const flags = [...insecure, '--raft-heartbeat', '600 ms'];
    expect(problemsOf({ flags })).toMatchObject([expect.stringMatching(/^raft\.heartbeat .*at most half .* 1000 ms/)]);
  });

  it('given how fast the log is to be read for damage, then 0 turns it off, and less is refused', () => {
    const rateOf = (...flags: string[]) =>
      resolveConfiguration({ flags: [...insecure, ...flags] }).configuration['scrub.rate'];
    expect([rateOf(), rateOf('--scrub-rate', '100 kB'), rateOf('--scrub-rate', '0')]).toEqual([2 ** 23, 100_000, 0]);
    expect(problemsOf({ flags: [...insecure, '--scrub-rate=-1', '--scrub-every', '1 s'] })).toEqual([
      expect.stringMatching(/^scrub\.rate \(--scrub-rate\): expected 0 to/),
      expect.stringMatching(/^scrub\.every \(--scrub-every\): expected 60000 to/),
    ]);
  });

  it('given settings by a program, then they count, and have the program as their origin', () => {
    const { configuration, shown } = resolveConfiguration({
      settings: { 'node-id': 'n1', insecure: true, join: ['a:1'] },
    });
    expect(configuration.join).toEqual([{ host: 'a', port: 1 }]);
    expect(shown).toContainEqual({ path: 'node-id', value: 'n1', origin: 'the program' });
    expect(problemsOf({ settings: { insecure: true, 'node-id': 'n1', colour: 'red' } })).toMatchObject([
      "colour (the program): expected the path of a setting, got 'red'",
    ]);
  });

  it('given TLS beside insecure, then it is refused: nobody is to believe that it is used', () => {
    expect(problemsOf({ flags: [...insecure, '--tls-ca', 'a'] })).toMatchObject([expect.stringMatching(/^tls\.ca/)]);
  });
});
