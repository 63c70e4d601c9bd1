import { ApiChannel, ApiError, ApiServer, ChannelCredentials, membershipV1, ServerCredentials } from '@commitlog/api';

const { MembershipServiceDefinition } = membershipV1;
const insecure = { credentials: ServerCredentials.createInsecure(), security: 'insecure' } as const;
const server = new ApiServer({ address: '127.0.0.1:0' }, { ...insecure, onDefect: console.error });
server.serve(MembershipServiceDefinition, {
  identify: ({ handshake }) => ({ handshake }),
  async gossip(requests, _context, responses) {
    for await (const { content } of requests) await responses.write({ content }); // waits for a slow reader
  },
  keyring: () => ({ keyIds: [], sealingKeyId: '' }),
  leave: () => Promise.reject(new ApiError('NO_LEADER', 'there is no leader: try again', { retryAfterMs: 200 })),
});
await server.start();

const target = `127.0.0.1:${server.port}`;
const channel = new ApiChannel({ target }, { credentials: ChannelCredentials.createInsecure() });
const client = channel.client(MembershipServiceDefinition);
const gossip = client.gossip();
for (const word of ['hello', 'again']) await gossip.write({ content: { $case: 'frame', value: Buffer.from(word) } });
gossip.end();
for await (const { content } of gossip) if (content?.$case === 'frame') console.log(`${content.value}`);
await client.leave({ handshake: undefined }).catch(({ code, retry }) => console.log(code, 'retry:', retry));
channel.close();
await server.stop();
