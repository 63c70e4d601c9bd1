import type { Authority, Issued } from '@commitlog/auth';
import type { Command } from 'commander';
import type { Inspected } from '../certificates/inspected.js';
import { certificatesIn, requireKeyOf } from '../certificates/pem.js';
import { CommandError, exitStatus } from '../errors.js';
import type { Invocation } from '../invocation.js';
import { integer } from '../kinds.js';
import { facts } from '../presentation/facts.js';
import { moment, some } from '../presentation/quantity.js';
import { table } from '../presentation/table.js';
import { makeDirectory, requireAbsent } from '../small-file.js';

/** Loaded by the commands that need it: it takes longer than all else together. */
const auth = () => import('@commitlog/auth');

const caDirDefault = 'ca';
const caDirOption = ['--ca-dir <dir>', 'where the authority is', caDirDefault] as const;
const daysMax = 3650;

interface CertOptions {
  readonly caDir: string;
  readonly out: string;
  readonly days: number;
}

/** Makes and looks after certificates: an authority in a directory, for a cluster whose people have none. */
export function certCommands(parent: Command, invocation: Invocation): void {
  const cert = parent
    .command('cert')
    .helpCommand(false)
    .description('certificates: an authority of your own, and what it issues');
  authorityCommand(cert, invocation);
  nodeCommand(cert, invocation);
  clientCommand(cert, invocation);
  renewCommand(cert, invocation);
  revokeCommand(cert, invocation);
  inspectCommand(cert, invocation);
}

function authorityCommand(parent: Command, { world, pathOf, print }: Invocation): void {
  parent
    .command('ca')
    .description(
      'make an authority in an empty directory: ca.crt, which everybody gets; ca.key, which nobody gets; ca.crl',
    )
    .option(...caDirOption)
    .option('--name <name>', 'its common name', 'Commitlog CA')
    .option('--days <number>', 'how long it is good for', integer(1), 3650)
    .addHelpText('after', '\nExample:\n  commitlog cert ca --ca-dir ca')
    .action(async ({ caDir, name, days }: CertOptions & { name: string }) => {
      const dir = pathOf(caDir);
      const { createAuthority } = await auth();
      await createAuthority({ dir, name, days }, world);
      const files = { certificate: `${dir}/ca.crt`, key: `${dir}/ca.key`, revocations: `${dir}/ca.crl` };
      const text = `made "${name}" in ${dir}. Give ca.crt to every node and client; keep ca.key here, off the servers\n`;
      print({ json: { name, dir, ...files }, text });
    });
}

function nodeCommand(parent: Command, invocation: Invocation): void {
  issuing(parent.command('node'))
    .description('issue certificates for nodes, each with a new key: ID.crt and ID.key')
    .argument('<id...>', 'ids of nodes: 1 to 64 letters, digits, ".", "_" or "-"')
    .option('--host <name,…>', 'names and IP addresses under which they are dialled', 'localhost,127.0.0.1,::1')
    .option('--cluster-name <name>', 'the cluster that they are nodes of', 'commitlog')
    .addHelpText(
      'after',
      '\nExamples:\n  commitlog cert node n1 n2 n3                          three nodes on this machine\n  commitlog cert node n1 --host n1.example.com,10.0.0.1',
    )
    .action(async (ids: string[], options: CertOptions & { host: string; clusterName: string }) => {
      const hosts = options.host.split(',').map((host) => host.trim());
      const orders = ids.map((nodeId) => ({
        name: nodeId,
        issue: (authority: Authority) =>
          authority.issue({ kind: 'node', cluster: options.clusterName, nodeId, hosts }, options),
      }));
      await issueAll(orders, options, invocation);
    });
}

function clientCommand(parent: Command, invocation: Invocation): void {
  issuing(parent.command('client'))
    .description('issue certificates for clients, each with a new key: SUBJECT.crt and SUBJECT.key')
    .argument('<subject...>', 'who they are to the access-control list')
    .addHelpText('after', '\nExample:\n  commitlog cert client root orders-service')
    .action(async (subjects: string[], options: CertOptions) => {
      const orders = subjects.map((subject) => ({
        name: subject,
        issue: (authority: Authority) => authority.issue({ kind: 'client', subject }, options),
      }));
      await issueAll(orders, options, invocation);
    });
}

function issuing(command: Command): Command {
  return command
    .option(...caDirOption)
    .option('--out <dir>', 'where the files are put', '.')
    .option('--days <number>', `how long they are good for, ${daysMax} at most`, integer(1), 90);
}

interface Order {
  readonly name: string;
  readonly issue: (authority: Authority) => Promise<Issued>;
}

async function issueAll(orders: readonly Order[], options: CertOptions, invocation: Invocation): Promise<void> {
  const { world, pathOf, print } = invocation;
  const authority = await openedAuthority(options.caDir, invocation);
  const out = pathOf(options.out);
  const placed = orders.map((order) => {
    const base = `${out}/${fileNameOf(order.name)}`;
    return { ...order, paths: { certificate: `${base}.crt`, key: `${base}.key` } };
  });
  requireApart(placed);
  await makeDirectory(out, world);
  // Before anything is issued: what is there is in use somewhere.
  for (const { paths } of placed) for (const path of Object.values(paths)) await requireAbsent(path, world);
  const { saveIssued } = await auth();
  const done: object[] = [];
  const lines: string[] = [];
  for (const { name, issue, paths } of placed) {
    const issued = await issue(authority);
    await saveIssued(issued, paths, world);
    const { serialNumber, expiresMs } = issued;
    done.push({ name, ...paths, serialNumber, expires: moment(expiresMs) });
    lines.push(`${name}: ${paths.certificate} and its key, good until ${moment(expiresMs)}\n`);
  }
  print({ json: { certificates: done }, lines: done, text: lines.join('') });
}

/** @throws CommandError `usage` where the key of one would be written over that of another */
function requireApart(placed: readonly (Pick<Order, 'name'> & { readonly paths: { readonly key: string } })[]): void {
  const names = new Map<string, string>();
  for (const { name, paths } of placed) {
    const other = names.get(paths.key);
    if (other !== undefined)
      throw new CommandError(
        'usage',
        `"${other}" and "${name}" would both have their key in ${paths.key}: issue one of them, or with another --out`,
      );
    names.set(paths.key, name);
  }
}

async function openedAuthority(caDir: string, { world, pathOf }: Invocation): Promise<Authority> {
  const { openAuthority } = await auth();
  return openAuthority({ dir: pathOf(caDir) }, world);
}

/** What is no plain file name everywhere is written as `_`. */
function fileNameOf(name: string): string {
  return name.replace(/[^\p{L}\p{N}._@-]/gu, '_').replace(/^\.+/, '_');
}

function renewCommand(parent: Command, invocation: Invocation): void {
  const { world, pathOf, print } = invocation;
  parent
    .command('renew')
    .description('replace certificates and their keys by new ones for the same holders; servers that run take them up')
    .argument('<file...>', 'certificates, PEM; the key of NAME.crt is NAME.key')
    .option(...caDirOption)
    .option('--days <number>', `how long they are good for, ${daysMax} at most`, integer(1), 90)
    .addHelpText('after', '\nExample:\n  commitlog cert renew n1.crt')
    .action(async (files: string[], { caDir, days }: CertOptions) => {
      const authority = await openedAuthority(caDir, invocation);
      const { saveIssued } = await auth();
      const done: object[] = [];
      const lines: string[] = [];
      for (const file of files) {
        const certificate = pathOf(file);
        const [before] = await certificatesIn(certificate, world);
        const paths = { certificate, key: `${certificate.replace(/\.(crt|pem|cert)$/, '')}.key` };
        await requireKeyOf(before!, paths, world);
        const issued = await authority.renew(before!.serialNumber, { days });
        await saveIssued(issued, paths, world);
        const { serialNumber, expiresMs } = issued;
        done.push({ ...paths, serialNumber, replaced: before!.serialNumber, expires: moment(expiresMs) });
        lines.push(`${certificate} and its key are new, good until ${moment(expiresMs)}\n`);
      }
      const text = `${lines.join('')}Those from before stay good until they expire: revoke them if somebody else may have them\n`;
      print({ json: { certificates: done }, lines: done, text });
    });
}

function revokeCommand(parent: Command, invocation: Invocation): void {
  const { world, pathOf, print } = invocation;
  parent
    .command('revoke')
    .description('take certificates back: servers that are given the list ca.crl refuse them')
    .argument(
      '[certificate...]',
      'files, PEM, or serial numbers; none: the list is signed anew, good for another 30 days',
    )
    .option(...caDirOption)
    .addHelpText(
      'after',
      '\nExamples:\n  commitlog cert revoke old-laptop.crt\n  commitlog cert revoke         monthly, so that the list stays in date',
    )
    .action(async (named: string[], { caDir }: CertOptions) => {
      const authority = await openedAuthority(caDir, invocation);
      const revoked: string[] = [];
      for (const each of named) {
        const isSerial = /^[0-9A-Fa-f]{16,40}$/.test(each);
        const serialNumber = isSerial
          ? each.toUpperCase()
          : (await certificatesIn(pathOf(each), world))[0]!.serialNumber;
        await authority.revoke(serialNumber);
        revoked.push(serialNumber);
      }
      if (named.length === 0) await authority.refreshRevocations();
      const list = authority.revocationsPath;
      const what = named.length === 0 ? 'signed anew' : `revoked ${some(revoked.length, 'certificate')}`;
      const text = `${what}: ${list}. Copy it to where each server's --tls-crl says; it is read within two seconds\n`;
      print({ json: { revoked, list }, text });
    });
}

function inspectCommand(parent: Command, invocation: Invocation): void {
  const { world, pathOf, print } = invocation;
  parent
    .command('inspect')
    .description('say who certificates are to a server, and how long they are good for; status 1 if one is not good')
    .argument('[file...]', 'certificates, PEM; none: all that the authority has issued')
    .option(...caDirOption)
    .addHelpText(
      'after',
      '\nExamples:\n  commitlog cert inspect n1.crt ca/ca.crt\n  commitlog cert inspect --ca-dir ca',
    )
    .action(async (named: string[], { caDir }: CertOptions) => {
      if (named.length === 0) return await listIssued(caDir, invocation);
      const { inspected } = await import('../certificates/inspected.js');
      const found: (Inspected & { readonly file: string })[] = [];
      for (const file of named) {
        const path = pathOf(file);
        for (const each of await certificatesIn(path, world)) found.push({ file: path, ...inspected(each, world) });
      }
      if (found.some(({ isGood }) => !isGood)) invocation.status = exitStatus.negative;
      const text = found.map(inWords).join('\n');
      print({ json: { certificates: found }, lines: found, text });
    });
}

async function listIssued(caDir: string, invocation: Invocation): Promise<void> {
  const { world, pathOf, print } = invocation;
  const dir = pathOf(caDir);
  const authority = await openedAuthority(caDir, invocation);
  const issued = (await authority.list()).map(({ expiresMs, uris, ...each }) => ({
    ...each,
    uris,
    expires: moment(expiresMs),
    isExpired: expiresMs <= world.clock.wallMs(),
  }));
  const rows = issued.map(({ commonName, uris, serialNumber, expires, isExpired, isRevoked }) => [
    uris[0] ?? commonName,
    isRevoked ? 'revoked' : isExpired ? 'expired' : 'good',
    expires,
    serialNumber,
  ]);
  const columns = [{ heading: 'holder' }, { heading: 'state' }, { heading: 'expires' }, { heading: 'serial number' }];
  print({ json: { dir, certificates: issued }, lines: issued, text: table(columns, rows) });
}

function inWords({ file, identity, ...rest }: Inspected & { readonly file: string }): string {
  return facts([
    ['file', file],
    ['holder', identity],
    ['subject', rest.subject],
    ['issuer', rest.issuer],
    ['hosts', rest.hosts.join(', ') || 'none'],
    ['valid', `${rest.validFrom} to ${rest.expires}: ${rest.state}`],
    ['serial', rest.serialNumber],
  ]);
}
