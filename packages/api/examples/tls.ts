import { readFileSync } from 'node:fs';
import {
  ApiChannel,
  ApiServer,
  ClientTls,
  membershipV1,
  type Principal,
  pemFiles,
  ServerCredentials,
} from '@commitlog/api';

const dir = process.argv[2]!; // has ca.crt, and of server, n2 and alice a .crt and a .key each, from any authority
const [ca, chain, key] = ['ca.crt', 'server.crt', 'server.key'].map((name) => readFileSync(`${dir}/${name}`));
const credentials = ServerCredentials.createSsl(ca!, [{ cert_chain: chain!, private_key: key! }], true);
const nodes: Record<string, Principal> = { n2: { kind: 'node', cluster: 'shop', nodeId: 'n2' } };
const authenticator = {
  authenticate: ({ subject: { CN: subject } }: { subject: { CN: string } }) => ({
    principal: nodes[subject] ?? ({ kind: 'client', subject } as const),
  }),
};
const authorizer = { isAllowed: () => false, onChange: () => () => {} };
const components = { credentials, security: { authenticator, authorizer }, onDefect: console.error };
const { MembershipServiceDefinition: definition } = membershipV1;
const handlers = {
  identify: () => ({ handshake: undefined }),
  gossip: async () => {},
  keyring: () => ({ keyIds: [], sealingKeyId: '' }),
  leave: () => ({}),
};
const server = new ApiServer({ address: 'localhost:0' }, components).serve(definition, handlers);
await server.start();
for (const name of ['n2', 'alice']) {
  const tls = await ClientTls.open(
    pemFiles({ ca: `${dir}/ca.crt`, cert: `${dir}/${name}.crt`, key: `${dir}/${name}.key` }),
  );
  const channel = new ApiChannel({ target: `localhost:${server.port}` }, { credentials: tls });
  const answer = channel.client(definition).identify({ handshake: undefined });
  console.log(
    name,
    await answer.then(
      () => 'may',
      ({ message }) => `may not: ${message}`,
    ),
  );
  channel.close();
  tls.close();
}
await server.stop();
