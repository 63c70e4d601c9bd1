import { strict as assert } from 'node:assert';
import type { ApiError } from '@commitlog/api';
import { always, type Case } from '../case.js';
import { drain, requireAudited, requireError, withNothingStored } from '../expect.js';
import { type Clients, type Ground, goodPolicy } from '../ground.js';

const record = { value: Buffer.from('x'), offset: 0n, term: 0n, type: 0 };

/** Every call of the public service that a policy decides about, for one log. */
const everyCall = ({ log }: Clients, name: string): readonly Promise<unknown>[] => {
  const append = log.append();
  append.write({ log: name, batch: Buffer.alloc(64), expectedOffset: undefined }).catch(() => {});
  const produce = log.produceStream();
  produce.write({ record, log: name }).catch(() => {});
  const read = { log: name, from: undefined, consistency: 0, follow: false, responseBytesMax: 0 };
  return [
    log.produce({ record, log: name }),
    log.consume({ offset: 0n, log: name }),
    log.openProducer({ log: name, name: 'p' }),
    drain(log.consumeStream({ offset: 0n, log: name })),
    drain(log.read(read)),
    drain(append),
    drain(produce),
  ];
};

async function asMallory(ground: Ground, act: (clients: Clients) => Promise<unknown>): Promise<void> {
  const clients = await ground.connect(await ground.issue('mallory'));
  try {
    await act(clients);
  } finally {
    clients.close();
  }
}

/** Bad input: subjects without a grant, grants that go, names that no log can have. */
export const accessCases: readonly Case[] = [
  always('every call by a subject without a grant: PERMISSION_DENIED, audited, nothing stored', (ground) =>
    asMallory(ground, async (clients) => {
      await withNothingStored(ground, async () => {
        await Promise.all(everyCall(clients, '').map((call) => requireError(call, 'PERMISSION_DENIED')));
      });
      await requireAudited(
        ground,
        ({ kind, ...event }) => kind === 'access-denied' && 'subject' in event && event.subject === 'mallory',
      );
    }),
  ),
  always('a log that does not exist, by a subject without a grant: the same words as for one that does', (ground) =>
    asMallory(ground, async (clients) => {
      const wordsFor = async (name: string): Promise<string[]> => {
        const errors = await Promise.all(
          everyCall(clients, name).map((call) => requireError(call, 'PERMISSION_DENIED')),
        );
        return errors.map(({ message, metadata }: ApiError) =>
          `${message} ${JSON.stringify(metadata)}`.replaceAll(name, 'LOG'),
        );
      };
      assert.deepEqual(await wordsFor('default'), await wordsFor('nowhere'));
    }),
  ),
  always('log names that no log can have: INVALID_ARGUMENT, nothing stored', async (ground) => {
    const clients = await ground.connect(ground.alice);
    await withNothingStored(ground, async () => {
      for (const name of [
        'a/b',
        '../default',
        '..',
        '.',
        'a\0b',
        '\0',
        'x'.repeat(129),
        'x'.repeat(1_000_000),
        'orders-é',
        ' ',
      ]) {
        const error = await requireError(clients.log.produce({ record, log: name }), 'INVALID_LOG_NAME');
        assert.equal(error.grpc, 'INVALID_ARGUMENT');
        assert.ok(error.message.length < 1000, 'the error repeats a long name');
      }
    });
    clients.close();
  }),
  always(
    'a grant that is revoked while streams are open: they end within a second of the change, others do not',
    async (ground) => {
      await ground.setPolicy(`${goodPolicy}p, mallory, default, *, allow\n`);
      await asMallory(ground, async ({ log }) => {
        const endings: Promise<number>[] = [];
        const produce = log.produceStream();
        await produce.write({ record, log: '' });
        for (const stream of [log.consumeStream({ offset: 0n, log: '' }), produce]) {
          endings.push(requireError(drain(stream), 'PERMISSION_DENIED').then(() => Date.now()));
        }
        const before = await ground.eventually('both streams are open', ({ openCalls }) => openCalls >= 2);
        await ground.replace(ground.files.policy, goodPolicy);
        const ended = Math.max(...(await Promise.all(endings)));
        const { audit, acl } = await ground.report();
        assert.ok(acl.changes > before.acl.changes);
        const changed = audit.findLast(({ kind }) => kind === 'policy-changed');
        assert.ok(ended - changed!.atMs < 1000, `a stream ended ${ended - changed!.atMs} ms after the change`);
      });
    },
  ),
  always('twenty thousand denied calls: each is counted, the audit stays small', (ground) =>
    asMallory(ground, async ({ log }) => {
      for (let round = 0; round < 40; round += 1) {
        const calls = Array.from({ length: 500 }, (_, at) => log.consume({ offset: 0n, log: `log-${round}-${at}` }));
        await Promise.all(calls.map((call) => requireError(call, 'PERMISSION_DENIED')));
      }
    }),
  ),
];
