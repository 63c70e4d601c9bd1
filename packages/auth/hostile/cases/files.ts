import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { always, type Case } from '../case.js';
import { type Ground, goodPolicy, startServer } from '../ground.js';
import { shakeHands } from '../sockets.js';

const broken = [
  ['with a typo', 'p, alice, default, prodcue, allow\n'],
  ['that is empty', ''],
  ['that was cut short', goodPolicy.slice(0, -4)],
] as const;

/** What a careless operator does to the files of a running server. */
async function refuseAtReload(ground: Ground, text: string): Promise<void> {
  const before = await ground.report();
  await ground.replace(ground.files.policy, text);
  const { audit } = await ground.eventually('it is refused', ({ acl }) => acl.refusals > before.acl.refusals);
  assert.match(JSON.stringify(audit.findLast(({ kind }) => kind === 'policy-refused')), /policy\.csv/);
  await ground.callAsAlice();
  const { acl } = await ground.report();
  assert.equal(acl.changes, before.acl.changes, 'the old policy holds');
  await ground.setPolicy(`${goodPolicy}# after ${text.length}\n`);
}

async function refuseAtStart(ground: Ground, text: string): Promise<void> {
  const policy = `${ground.dir}/broken.csv`;
  await ground.replace(policy, text);
  const server = startServer({ ...ground.files, policy }, 'pipe');
  const said: Buffer[] = [];
  server.stderr!.on('data', (piece: Buffer) => said.push(piece));
  const [code] = (await once(server, 'close')) as [number | null];
  assert.notEqual(code, 0);
  assert.match(`${Buffer.concat(said)}`, /AuthError: .*broken\.csv/);
}

const credentials: ReadonlyArray<readonly [what: string, damage: (ground: Ground) => Promise<void>]> = [
  ['a key of another certificate', (ground) => ground.replace(ground.files.key, ground.alice.keyPem)],
  [
    'a certificate that was cut short',
    async (ground) =>
      ground.replace(ground.files.certificate, (await readFile(ground.files.certificate)).subarray(0, 400)),
  ],
  ['no authorities', (ground) => ground.replace(ground.files.authorities, '')],
  ['a revocation list that is none', (ground) => ground.replace(ground.files.revocations, 'nothing is revoked')],
];

/** Bad input: a policy file with a typo, empty, or cut short; and the same for certificates. */
export const fileCases: readonly Case[] = [
  ...broken.map(([what, text]) =>
    always(`a policy ${what}, at reload: the old one holds, logged and counted`, (ground) =>
      refuseAtReload(ground, text),
    ),
  ),
  ...broken.map(([what, text]) =>
    always(`a policy ${what}, at start: the server refuses to start`, (ground) => refuseAtStart(ground, text)),
  ),
  always('SIGHUP: the policy is read at once', async (ground) => {
    const before = await ground.report();
    await ground.replace(ground.files.policy, `${goodPolicy}# by signal\n`);
    ground.hangUp();
    await ground.eventually('it holds', ({ acl }) => acl.changes > before.acl.changes);
  }),
  ...credentials.map(([what, damage]) =>
    always(`a swap to ${what}: the old credentials are used on, and it is said`, async (ground) => {
      const { certificate, key, authorities, revocations } = ground.files;
      const paths = [certificate, key, authorities, revocations];
      const whole = await Promise.all(paths.map((path) => readFile(path)));
      const before = await ground.report();
      await damage(ground);
      const { audit } = await ground.eventually('it is refused', ({ tls }) => tls.refusals > before.tls.refusals);
      assert.equal(audit.at(-1)?.kind, 'certificates-refused');
      assert.equal(await shakeHands(ground.tls(ground.alice)), 'accepted');
      for (const [at, path] of paths.entries()) await ground.replace(path, whole[at]!);
      await ground.eventually('the whole files are used again', ({ tls }) => tls.changes > before.tls.changes);
    }),
  ),
  always('a swap to new credentials under an open stream: the stream goes on', async (ground) => {
    const clients = await ground.connect(ground.alice);
    const stream = clients.log.produceStream();
    const answers = stream[Symbol.asyncIterator]();
    const record = { value: Buffer.from('x'), offset: 0n, term: 0n, type: 0 };
    const exchange = async (): Promise<void> => {
      await stream.write({ record, log: '' });
      assert.equal((await answers.next()).done, false);
    };
    await exchange();
    const before = await ground.report();
    const issued = await ground.issueNode('n1');
    await ground.replace(ground.files.key, issued.keyPem);
    await ground.replace(ground.files.certificate, issued.certificatePem);
    await ground.eventually('they are used', ({ tls }) => tls.changes > before.tls.changes);
    await exchange();
    stream.cancel();
    clients.close();
  }),
];
