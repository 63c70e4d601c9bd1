import { createTestCluster } from '@commitlog/agent';
import { connect, json } from '@commitlog/client';

// Three servers in this process, for the example alone. Yours have certificates: `tls: { ca, cert, key }` instead of `insecure`.
const cluster = await createTestCluster({ nodes: 3 });
const log = await connect({ servers: cluster.addresses, insecure: true, codec: json<{ drink: string }>() });

const { offset } = await log.append({ drink: 'tea' }, { key: 'table 4' });
console.log('on the disks of a quorum, at offset', offset);

const drinks = ['coffee', 'water', 'milk'];
const others = await Promise.all(drinks.map((drink) => log.append({ drink })));
console.log('and together', others.map((other) => other.offset).join(', '));

await log.append({ drink: 'wine' }, { expectedOffset: 2 }).catch(({ code, outcome, actual }) => {
  console.log(code, outcome, 'the log goes on at', actual);
});

// Any server will do: it waits until it has what was acknowledged.
for await (const { offset, key, value } of log.read({ from: 'start', atLeast: others[2]! })) {
  console.log(offset, value.drink, `${key ?? 'no key'}`);
}
await log.close();
await cluster.stop();
