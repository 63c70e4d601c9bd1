import type { Command } from 'commander';
import { type DemoAudience, type DemoOutcome, runDemo } from '../demo/demo.js';
import { inFlight } from '../demo/failover.js';
import { type Onlooker, timelineOf, waitMsMax } from '../demo/onlooker.js';
import { readTextFile } from '../demo/text-file.js';
import { exitStatus } from '../errors.js';
import type { Invocation } from '../invocation.js';
import { writeEnvironment } from '../local-cluster/environment-file.js';
import type { LocalCluster } from '../local-cluster/local-cluster.js';
import { untilAborted } from '../pause.js';
import { count, duration, size, some } from '../presentation/quantity.js';
import { table } from '../presentation/table.js';

interface DemoOptions {
  readonly keep?: boolean;
  readonly ui?: boolean;
}

export function demoCommand(parent: Command, invocation: Invocation): void {
  parent
    .command('demo')
    .description('show what a cluster is for: three nodes on this machine, a text, and a leader that dies')
    .argument('[file]', 'the text, at most 64 MB, any bytes; one that comes with this command unless told')
    .option('--keep', 'leave the cluster running, and say how to go on')
    .option('--ui', 'show it in a browser as it happens: prints a link, waits until it is open, and stays until Ctrl-C')
    .addHelpText(
      'after',
      `
It starts three agents as processes, with certificates and access control of their own; appends the text line by line;
reads it back from a follower and compares; kills the leader (SIGKILL) while appending; and counts what was lost. It takes
nothing but ports of loopback and a temporary directory, and leaves neither.

With --ui it prints a link first. The page of that link shows what the three nodes do while they do it; the demo goes on once it is
open. Together with --json, the link goes to standard error.

With --json, the last line is { readyMs, records, identical, leaderKilled, writesPausedMs, lost, duplicated }. Status 1 if the text
did not come back as it was, or a record was lost or doubled.

Examples:
  commitlog demo
  commitlog demo /var/log/syslog --json
  commitlog demo --ui
  commitlog demo --keep`,
    )
    .action((file: string | undefined, options: DemoOptions) => demo(file, options, invocation));
}

async function demo(named: string | undefined, options: DemoOptions, invocation: Invocation): Promise<void> {
  const { keep = false, ui = false } = options;
  const { world, pathOf, format } = invocation;
  const text = await readTextFile(named === undefined ? world.demoText : pathOf(named), world);
  // From here on a signal is for us to heed: there is something to clean up.
  world.interruption();
  const temporary = await world.makeTemporaryDirectory();
  let isKept = false;
  try {
    const { path: dir } = temporary;
    const tell = (line: string): void => {
      if (format === 'table') world.out.write(line);
    };
    const source = named ?? 'a text that comes with this command';
    tell('A cluster of three, on this machine: a process each, mutual TLS, access control.\n\n');
    const story = new Story({ source, bytes: text.length, dir }, tell);
    const onlooker = ui ? { onlooker: onlookerOf(invocation) } : {};
    const outcome = await runDemo({ text, dir, isKept: keep, ...onlooker }, story, world);
    if (!isAsItShouldBe(outcome)) invocation.status = exitStatus.negative;
    isKept = keep;
    if (keep) await tellHowToGoOn(story.cluster!, tell, invocation);
    else await temporary.remove();
    if (!keep) tell(`  stopped    3 processes, and removed ${dir}\n`);
    const kept = keep
      ? { dir, environment: story.cluster!.layout.environment, processes: processesOf(story.cluster!) }
      : {};
    if (format !== 'table') invocation.print({ json: { ...outcome, ...kept }, text: '' });
  } finally {
    if (!isKept) await temporary.remove();
  }
}

function isAsItShouldBe({ identical, leaderKilled, lost, duplicated }: DemoOutcome): boolean {
  return identical && leaderKilled && lost === 0 && duplicated === 0;
}

/** Whoever is to see it in a browser: told on standard error where standard output is for JSON. */
function onlookerOf({ world, format }: Invocation): Onlooker {
  const output = format === 'table' ? world.out : world.err;
  return {
    invite: (link) =>
      output.write(`  watch      ${link}

             Open that in a browser: this goes on once the three nodes are on the page. Or press Enter, or wait for ${waitMsMax / 1000} s.

`),
    untilSeen: async (signal) => {
      output.write(`
  open       the page goes on showing the two nodes that are left. Ctrl-C stops them; the page keeps what it has seen

`);
      await untilAborted(signal);
    },
  };
}

/** Tells what happens, as it happens. */
class Story implements DemoAudience {
  cluster: LocalCluster | undefined;
  readonly #text: { readonly source: string; readonly bytes: number; readonly dir: string };
  readonly #tell: (line: string) => void;

  constructor(text: { source: string; bytes: number; dir: string }, tell: (line: string) => void) {
    this.#text = text;
    this.#tell = tell;
  }

  ready: DemoAudience['ready'] = (cluster, leader, readyMs) => {
    this.cluster = cluster;
    const rows = cluster.nodes.map((node) => [
      node.nodeId,
      node.address,
      String(node.process.pid),
      node === leader ? 'leader' : 'follower',
    ]);
    const columns = [{ heading: 'node' }, { heading: 'address' }, { heading: 'process' }, { heading: 'role' }];
    this.#say('ready', `in ${duration(readyMs)}, certificates made on the way, in ${this.#text.dir}`);
    this.#tell(`\n${table(columns, rows)}\n`);
  };

  appended: DemoAudience['appended'] = (lines, ms) => {
    const { source, bytes } = this.#text;
    const durably = 'each on two disks of three at least';
    this.#say('appended', `${source}: ${some(lines, 'line')}, ${size(bytes)}, ${durably}: ${duration(ms)}`);
  };

  readBack: DemoAudience['readBack'] = ({ nodeId }, isIdentical, ms) => {
    const verdict = isIdentical ? 'byte for byte the same' : 'NOT the same';
    this.#say('read back', `from ${nodeId}, a follower, as one who may only read: ${verdict}: ${duration(ms)}`);
  };

  killed: DemoAudience['killed'] = (leader, next, pausedMs) => {
    this.#say('killed', `${leader.nodeId}, the leader, by SIGKILL, with ${inFlight} appends under way`);
    this.#say('paused', `${duration(pausedMs)}: until ${next.nodeId} led, and had acknowledged what was under way`);
  };

  counted: DemoAudience['counted'] = ({ records, lost, duplicated }) => {
    this.#say('counted', `${count(records)} records acknowledged; lost: ${count(lost)}, doubled: ${count(duplicated)}`);
  };

  restarted: DemoAudience['restarted'] = ({ nodeId }, ms) => {
    this.#say('restarted', `${nodeId}: it serves again after ${duration(ms)}`);
  };

  #say(what: string, words: string): void {
    this.#tell(`  ${what.padEnd(9)}  ${words}\n`);
  }
}

async function tellHowToGoOn(
  cluster: LocalCluster,
  tell: (line: string) => void,
  { world }: Invocation,
): Promise<void> {
  const { commandName } = world;
  const { environment, dir } = cluster.layout;
  await writeEnvironment(cluster, 'admin', world);
  const processes = processesOf(cluster).join(' ');
  const commands = [
    [`. ${environment}`, 'where the cluster is, and who you are'],
    [`${commandName} cluster status`, 'how it is'],
    [`echo hello | ${commandName} produce`, 'append a record'],
    [`${commandName} tail`, 'the last ten'],
    [`${commandName} bench both --records 100000`, 'how fast it is'],
    [`kill ${processes}; rm -r ${dir}`, 'stop and remove it'],
  ];
  const width = Math.max(...commands.map(([command]) => command!.length));
  tell(`\nThe cluster stays. Next:\n\n`);
  for (const [command, what] of commands) tell(`  ${command!.padEnd(width)}  ${what}\n`);
  tell(`\nWhat its nodes do is shown, in a browser, at\n\n  ${timelineOf(cluster.nodes)}\n`);
}

function processesOf({ nodes }: LocalCluster): number[] {
  return nodes.map(({ process }) => process.pid);
}
