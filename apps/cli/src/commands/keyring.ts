import type { adminV1 } from '@commitlog/api';
import type { Command } from 'commander';
import type { AdminClient } from '../cluster/admin.js';
import { type ConnectionOptions, withConnection } from '../connection.js';
import { CommandError, exitStatus } from '../errors.js';
import type { Invocation } from '../invocation.js';
import { table } from '../presentation/table.js';
import { readText, writeNew } from '../small-file.js';
import type { World } from '../world.js';
import { withAdmin } from './cluster.js';

const keyBytes = 32;
const keyringBytesMax = 16 * 1024;

const rotation = `
A rotation, while the cluster runs:
  commitlog keyring generate next.keyring
  commitlog keyring install next.keyring   every node can open gossip with it
  commitlog keyring list                   shows its id, and who has it
  commitlog keyring use ID                 every node seals with it
  commitlog keyring remove OLD_ID          every node forgets the old one`;

/** The keys that gossip is sealed with: a file for a start, calls for a cluster that runs. */
export function keyringCommands(parent: Command, invocation: Invocation): void {
  const keyring = parent
    .command('keyring')
    .helpCommand(false)
    .description('the keys that gossip is sealed with')
    .addHelpText('after', rotation);
  generateCommand(keyring, invocation);
  withConnection(keyring.command('list'))
    .description('list the keys by their ids, and which nodes have and use each; keys themselves are never told')
    .action((options: ConnectionOptions) => list(options, invocation));
  withConnection(keyring.command('install'))
    .description('give every node a further key: first step of a rotation')
    .argument('<file>', 'a keyring whose first key it is; - is standard input')
    .addHelpText('after', '\nExample:\n  commitlog keyring install next.keyring')
    .action(async (file: string, options: ConnectionOptions) => {
      const key = await firstKeyOf(file, invocation);
      await change(options, invocation, async (client, timeoutMs) => {
        const { keyId, unreachableNodeIds } = await client.installGossipKey({ key }, { timeoutMs });
        return { keyId, unreachableNodeIds, done: 'can open gossip with' };
      });
    });
  withConnection(keyring.command('use'))
    .description('have every node seal with a key: second step')
    .argument('<id>', 'of the key: commitlog keyring list')
    .action((keyId: string, options: ConnectionOptions) =>
      change(options, invocation, async (client, timeoutMs) => {
        const { unreachableNodeIds } = await client.useGossipKey({ keyId }, { timeoutMs });
        return { keyId, unreachableNodeIds, done: 'seals gossip with' };
      }),
    );
  withConnection(keyring.command('remove'))
    .description('have every node forget a key: last step')
    .argument('<id>', 'of the key: commitlog keyring list')
    .action((keyId: string, options: ConnectionOptions) =>
      change(options, invocation, async (client, timeoutMs) => {
        const { unreachableNodeIds } = await client.removeGossipKey({ keyId }, { timeoutMs });
        return { keyId, unreachableNodeIds, done: 'has forgotten' };
      }),
    );
}

function generateCommand(parent: Command, { world, pathOf, print }: Invocation): void {
  parent
    .command('generate')
    .description('make a new key: into a file that its owner alone may read, or onto standard output')
    .argument('[file]', 'must not be there yet')
    .addHelpText('after', '\nExample:\n  commitlog keyring generate gossip.keyring')
    .action(async (file?: string) => {
      const key = Buffer.from(world.random.bytes(keyBytes)).toString('hex');
      if (file === undefined) return print({ json: { key }, text: `${key}\n` });
      const path = pathOf(file);
      await writeNew(path, { text: `${key}\n`, permissions: 0o600 }, world);
      print({ json: { keyring: path }, text: `${path}: give every node a copy, for --gossip-keyring\n` });
    });
}

async function list(options: ConnectionOptions, invocation: Invocation): Promise<void> {
  await withAdmin(options, invocation, async (admin) => {
    const answer = await admin.anyone((client, timeoutMs) => client.listGossipKeys({}, { timeoutMs }));
    const { keys, unreachableNodeIds } = answer;
    const rows = keys.map(({ id, nodeIds, sealingNodeIds }) => [
      id,
      nodeIds.join(', '),
      sealingNodeIds.join(', ') || '-',
    ]);
    const columns = [{ heading: 'key' }, { heading: 'on nodes' }, { heading: 'sealed with by' }];
    invocation.print({ json: { keys, unreachableNodeIds }, lines: keys, text: table(columns, rows) });
    tellUnreachable(unreachableNodeIds, invocation);
    tellApart(keys, invocation);
  });
}

/** Who seals with a key that another node does not have is not understood by it. */
function tellApart(keys: readonly adminV1.GossipKey[], invocation: Invocation): void {
  const nodes = new Set(keys.flatMap(({ nodeIds }) => nodeIds));
  for (const { id, nodeIds, sealingNodeIds } of keys) {
    const lacking = [...nodes].filter((node) => !nodeIds.includes(node)).sort();
    if (sealingNodeIds.length === 0 || lacking.length === 0) continue;
    invocation.status = exitStatus.negative;
    const who = `${lacking.join(', ')} cannot open what ${sealingNodeIds.join(', ')} seals with ${id}`;
    invocation.world.err.write(`commitlog: ${who}: install the newest key again, and use it\n`);
  }
}

type Change = (
  client: AdminClient,
  timeoutMs: number,
) => Promise<{ readonly keyId: string; readonly unreachableNodeIds: readonly string[]; readonly done: string }>;

async function change(options: ConnectionOptions, invocation: Invocation, run: Change): Promise<void> {
  await withAdmin(options, invocation, async (admin) => {
    const { keyId, unreachableNodeIds, done } = await admin.anyone(run);
    const who = unreachableNodeIds.length === 0 ? 'every node' : 'every node that answered';
    invocation.print({ json: { keyId, unreachableNodeIds }, text: `${who} ${done} ${keyId}\n` });
    tellUnreachable(unreachableNodeIds, invocation);
  });
}

function tellUnreachable(nodes: readonly string[], invocation: Invocation): void {
  if (nodes.length === 0) return;
  invocation.status = exitStatus.negative;
  invocation.world.err.write(`commitlog: no answer from ${nodes.join(', ')}: do this again before the next step\n`);
}

async function firstKeyOf(file: string, { world, pathOf }: Invocation): Promise<Buffer> {
  const text =
    file === '-' ? await standardInput(world) : await readText(pathOf(file), { bytesMax: keyringBytesMax }, world);
  const first = text.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#'));
  if (first !== undefined && /^[0-9A-Fa-f]{64}$/.test(first.trim())) return Buffer.from(first.trim(), 'hex');
  throw new CommandError(
    'wrong-file',
    `${file} has no key: expected a line of ${keyBytes * 2} hexadecimal digits first`,
  );
}

async function standardInput(world: World): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of world.in.chunks()) {
    bytes += chunk.length;
    if (bytes > keyringBytesMax)
      throw new CommandError('wrong-file', `standard input has more than ${keyringBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
